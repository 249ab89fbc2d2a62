"""The page Browse."""

import streamlit as st


def show() -> None:
    """Draw the page."""
    st.header("Browse")

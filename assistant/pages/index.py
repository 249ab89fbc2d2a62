"""The page Index."""

import streamlit as st


def show() -> None:
    """Draw the page."""
    st.header("Index")

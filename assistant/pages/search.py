"""The page Search."""

import streamlit as st


def show() -> None:
    """Draw the page."""
    st.header("Search")

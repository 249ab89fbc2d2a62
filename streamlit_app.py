"""The chat page: the views Ask, Search, Browse and Index, in English and Japanese.

`streamlit run` serves `app`, which runs this file as a script for each visitor.
"""

import streamlit as st

from assistant.pages.hosts import MIDDLEWARE

app = st.App(__file__, middleware=MIDDLEWARE)

if __name__ == "__main__":  # not when the server imports `app`: the views need its caches
    from assistant.pages.views import draw

    draw()

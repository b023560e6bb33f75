"""What every page stands in: the browser's title, the type, the colours, the way around."""

from pathlib import Path

import streamlit as st

st.set_page_config(page_title="Digits in another hand", page_icon="✍️", layout="wide")
st.html(Path(__file__).with_name("style.css"))
st.navigation([st.Page("pages/translate.py", title="Translate", default=True)]).run()

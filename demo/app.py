"""The server: `streamlit run demo/app.py`. Pages by Streamlit, live work by plain routes."""

import gc
import sys
from pathlib import Path

import streamlit as st

sys.path.insert(0, str(Path(__file__).parents[1]))  # `streamlit run` adds this folder only

from demo import model  # noqa: E402
from demo.api import routes  # noqa: E402

model.load()  # now, so that the first stroke need not wait
# Streamlit collects garbage after every run of a script; spare it torch's million objects.
gc.collect()
gc.freeze()

app = st.App("shell.py", routes=routes)

"""One task each: plain values in, plain values out. No Streamlit, and no service imports another."""

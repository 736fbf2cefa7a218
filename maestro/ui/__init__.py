"""The only room with Streamlit: components that draw one thing each, and the words on the page."""

"""A short clip and one loved picture go in; five storyboard frames in that picture's look come out."""

__version__ = "0.1.0"

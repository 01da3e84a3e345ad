"""Learn controllers that make a dexterous hand track hand-object motions in physics."""

__version__ = "0.1.0"

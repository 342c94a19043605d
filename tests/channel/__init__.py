"""Makes a real conda channel at run time from Debian's binary packages and PyPI's wheels."""

"""The pages of the dashboard; each builds its elements once and then changes what has changed, once a second."""

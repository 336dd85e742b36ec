"""`python -m backbeat` is `backbeat`."""

from backbeat.cli import main

main()

"""Lets ``python -m osteobiome`` stand for the command."""

from osteobiome.cli.main import run

if __name__ == "__main__":
    run()

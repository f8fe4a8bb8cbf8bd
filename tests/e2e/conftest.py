"""A disk of its own, as small as a test wants it."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest


@pytest.fixture
def small_disk():
    """Return a function that mounts a tmpfs of a given size and one that gives it room.

    It stands outside pytest's folders: a mount that outlives a killed session must not spoil the next one.
    """
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("a full disk is a small tmpfs, and mounting one needs root and the mount command")
    folder = Path(tempfile.mkdtemp(prefix="osteobiome-disk-"))

    def mount(option):
        command = ["mount", "-t", "tmpfs", "-o", option, "tmpfs", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"a full disk is a small tmpfs, and this machine mounts none: {done.stderr.strip()}")
        return folder

    yield mount
    if folder.is_mount():
        subprocess.run(["umount", str(folder)], check=True)
    folder.rmdir()


@pytest.fixture
def fill():
    """Return a function that leaves no free block on the disk of a new file."""
    return _fill


def _fill(path):
    handle = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(handle, bytes(4096))
    except OSError as error:
        assert error.errno == errno.ENOSPC  # noqa: PT017 - the loop ends no other way
    finally:
        os.close(handle)

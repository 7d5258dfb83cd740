"""Files that are there as a whole or not at all."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import stat
from pathlib import Path
from typing import BinaryIO

# A folder that takes no new file; the file itself may be open to us all the same.
_CLOSED_FOLDER = (errno.EACCES, errno.EROFS)


def replace_file(path: Path, content: bytes) -> None:
    """Write a file, and its folders, so that it is there as a whole or not at all; a device or a pipe is written to.
    Raises OSError, or ValueError for a name that no file can have."""
    target = target_of(path)
    if is_special(target):
        with target.open("ab") as device:
            device.write(content)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        beside, stream = _fresh(target.parent)
    except OSError as error:
        if error.errno not in _CLOSED_FOLDER:
            raise
        target.write_bytes(content)
        return
    try:
        with stream:
            stream.write(content)
        if target.exists():
            shutil.copymode(target, beside)
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def target_of(path: Path) -> Path:
    """Where a chain of links leads: what is written takes the place of the file, not of the link to it."""
    path = path.absolute()
    return path if path.is_relative_to("/dev") else Path(os.path.realpath(path))


def is_special(path: Path) -> bool:
    """Whether it is a device, a pipe, or a folder: nothing that another file can take the place of."""
    try:
        return path.is_relative_to("/dev") or not stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


def _fresh(folder: Path) -> tuple[Path, BinaryIO]:
    """A new file, open, of the mode that new files have here; one that was left behind is passed over."""
    for number in itertools.count(1):
        beside = folder / f".mockserver-{os.getpid()}-{number}.part"
        try:
            return beside, beside.open("xb")
        except FileExistsError:
            continue
    raise AssertionError  # it counts on

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes README's picture of the table, of a real run on a real terminal:

    tests/e2e/picture.py PROGRAM >doc/table.svg
"""

import sys
import tempfile
from pathlib import Path

from support.program import Program
from support.session import PICTURED, Pool, Session, picture


def main():
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        program = Program(Path(sys.argv[1]).absolute(), home)
        with Pool(home / "pool") as pool, \
                Session(program, pool, home, *PICTURED) as session:
            sys.stdout.write(picture(session))


if __name__ == "__main__":
    main()

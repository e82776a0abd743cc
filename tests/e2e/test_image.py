# SPDX-License-Identifier: Apache-2.0
"""What goes into the image, by the Containerfile."""

import re
import subprocess
from pathlib import Path

from support.manifests import SOURCES
from support.requirements import require, unavailable


def words_of(text, start):
    """The words of a list of packages that begins after this."""
    listed = text.split(start, 1)[1]
    return set(re.split(r"&&|\)", listed)[0].replace("\\\n", " ").split())


def test_image_is_built_from_the_packages_that_scripts_install():
    image = (SOURCES / "Containerfile").read_text()
    script = (SOURCES / "scripts" / "lib.sh").read_text()
    install = "--no-install-recommends \\\n"
    build = image.split("COPY . /source")[0]
    assert words_of(build, install) == words_of(script, "build_packages=(")


def test_image_has_the_libraries_of_the_program(program):
    """By Debian's own records, where this is the Debian of the image."""
    if 'VERSION_ID="12"' not in Path("/etc/os-release").read_text():
        unavailable("not Debian 12")
    if program.is_sanitized:
        return
    image = (SOURCES / "Containerfile").read_text()
    installed = words_of(image.rsplit("\nFROM ", 1)[1],
                         "--no-install-recommends \\\n")
    dynamic = subprocess.run([require("objdump"), "-p", program.path],
                             capture_output=True, text=True, check=True)
    libraries = re.findall(r"NEEDED +(\S+)", dynamic.stdout)
    owners = subprocess.run([require("dpkg-query"), "--search",
                             *(f"*/{each}" for each in libraries)],
                            capture_output=True, text=True, check=True).stdout
    needed = {line.split(":")[0] for line in owners.splitlines()}
    assert installed == (needed - {"libc6"}) | {"ca-certificates"}

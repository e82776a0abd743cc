#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each completion knows the options of --help, which of them take a value, and
the words of closed choices."""

import re

import program

DIRECTORY = program.TOP / "completion"
NAME = "certificate-expiry-monitor"


def bash():
    text = (DIRECTORY / f"{NAME}.bash").read_text()
    words = re.search(r"local options='(.*?)'", text, re.S).group(1).split()
    choices = re.findall(r"^\t--([a-z-]+)\) choices='([a-z0-9 ]+)'", text, re.M)
    return ({word.strip("-="): word.endswith("=") for word in words},
            dict(choices))


def zsh():
    text = (DIRECTORY / f"_{NAME}").read_text()
    options = re.findall(r"^\t'\*?--([a-z-]+)(=?)\[", text, re.M)
    choices = re.findall(r"--([a-z-]+)=\[[^]]*\]:[a-z]+:"
                         r"(?:\(|_values -s , type )([a-z0-9 ]+)\)?'", text)
    return {name: sign == "=" for name, sign in options}, dict(choices)


def fish():
    text = (DIRECTORY / f"{NAME}.fish").read_text()
    options = re.findall(r"^\$complete -l ([a-z-]+)( -x| -r -F|)", text, re.M)
    choices = re.findall(r"-l ([a-z-]+) -x -a "
                         r"'(?:\(__fish_append , )?([a-z0-9 ]+)\)?'", text)
    return {name: bool(value) for name, value in options}, dict(choices)


def complaints():
    options = {name: bool(word) for name, word in program.options().items()}
    choices = program.option_choices()
    for read in (bash, zsh, fish):
        known, words = read()
        shell = read.__name__
        for name in sorted(options.keys() ^ known.keys()):
            yield (f"{shell} does not know --{name}" if name in options else
                   f"{shell} knows --{name}, which the program does not")
        for name in sorted(options.keys() & known.keys()):
            if options[name] != known[name]:
                yield f"{shell}: does --{name} take a value?"
        for name in sorted(choices.keys() | words.keys()):
            if (sorted(choices.get(name, ())) !=
                    sorted(words.get(name, "").split())):
                yield (f"{shell}: --{name} takes {choices.get(name)}, not "
                       f"{words.get(name)}")


program.finish(list(complaints()))

"""Writes the common passwords the core refuses: those of two published lists, and words with patterns.

The lists are of passwords found in leaks, as zxcvbn (MIT, Copyright 2016 Daniel Wolf, 2012-2016 Dropbox)
and Django (BSD-3-Clause, Copyright Django Software Foundation; list by Royce Williams) deliver them;
`--take` reads them out of the packages' wheels into `common_passwords_published.txt` here. They are
old, so what people do since with a minimum length of ten is spelt out besides: a plain word plus a
number or a year, a walk over the keyboard. Anything shorter is refused by its length already.

    pip download --no-deps zxcvbn Django
    python -m tools.generate_common_passwords --take zxcvbn-*.whl django-*.whl
    python -m tools.generate_common_passwords
"""

from __future__ import annotations

import ast
import gzip
import sys
import zipfile
from itertools import product
from pathlib import Path

PUBLISHED = Path(__file__).resolve().parent / "common_passwords_published.txt"
TARGET = Path(__file__).resolve().parent.parent / "src/rustok/core/security/common_passwords.txt"
MIN_LENGTH = 10

WORDS = """
    password passw0rd p@ssw0rd p@ssword pa$$word admin administrator welcome letmein qwerty
    iloveyou monkey dragon football baseball basketball superman batman sunshine princess master
    shadow michael jennifer jordan liverpool chelsea arsenal barcelona charlie computer internet
    samsung google facebook starwars pokemon secret changeme default summer winter spring autumn
    january december monday friday passwort motdepasse contrasena company manager support
    service testing hello freedom whatever trustno1
"""
ENDINGS = """
    1 12 123 1234 12345 123456 123! 1234! ! !! 1! 01 007 69 99 00 2020 2021 2022 2023 2024 2025
    2026 2023! 2024! 2025! 2026! @123 @1234 @2024 @2025 #1 _123 321
"""
WALKS = """
    qwertyuiop qwertyuiop123 qwertyuiop[] qwerty123456 qwerty1234567 qwerty12345678 1qaz2wsx3edc
    1qaz2wsx3edc4rfv qazwsxedcrfv qazwsxedc123 zaq12wsxcde3 zaq1zaq1zaq1 1q2w3e4r5t 1q2w3e4r5t6y
    1q2w3e4r5t6y7u q1w2e3r4t5 q1w2e3r4t5y6 asdfghjkl; asdfghjkl123 asdfghjkl1 zxcvbnm123
    zxcvbnm1234 zxcvbnm,./ poiuytrewq mnbvcxz123 lkjhgfdsa1 qweasdzxc123 qweasdzxc1 123qweasdzxc
    asdf1234asdf 1234qwerasdf qwer1234asdf qwertzuiop azertyuiop qwerty!@#$ !@#$%^&*()
    !qaz2wsx#edc abcd123456 abc1234567 abcdef1234 a123456789 123456789a 1234567890a aa12345678
    a1b2c3d4e5 1a2b3c4d5e 12345qwert 123456qwerty 1234567890 0987654321 12345678910 123456789123
    1234512345 1122334455 1123581321 3141592653 3141592654 9876543210 1029384756 0123456789
    qwerty12345 passwordpassword adminadmin welcomewelcome qwertyqwerty letmeinletmein
    iloveyou123 iloveyou1234 iloveyouforever trustno1trustno1 correcthorsebatterystaple
    thisismypassword mypassword mypassword1 mypassword123 newpassword newpassword1 changemenow
    changeme123 letmeinnow letmein1234 opensesame accessdenied unbelievable administrator
    rootpassword testpassword temppassword temporary123 guestguest manchesterunited realmadrid
    realmadrid1 starwars123 harrypotter lordoftherings blink182blink linkinpark mustang1234
    rockyou1234 fuckyou123 fuckyou1234 ilovejesus jesuschrist godisgood1 godislove1 sweetheart
    butterfly1 strawberry chocolate1 cheesecake watermelon christopher washington california
    playstation nintendo64 minecraft1 minecraft123
"""

HEADER = """\
# Common passwords of ten characters and more, case-folded, one a line, sorted.
# Made by tools/generate_common_passwords.py, which names the sources; do not edit by hand.
"""
PUBLISHED_HEADER = """\
# Passwords of ten characters and more from two published lists, case-folded, one a line, sorted:
# zxcvbn {zxcvbn} (MIT, Copyright (c) 2016 Daniel Wolf, Copyright (c) 2012-2016 Dan Wheeler and Dropbox, Inc.),
# Django {django} (BSD-3-Clause, Copyright (c) Django Software Foundation; list by Royce Williams).
"""


def passwords() -> list[str]:
    """All entries, sorted, each once."""
    words, endings, walks = WORDS.split(), ENDINGS.split(), WALKS.split()
    made = {*words, *walks, *(word + ending for word, ending in product(words, endings))}
    made |= {line for line in PUBLISHED.read_text("utf-8").splitlines() if line[0] != "#"}
    return sorted({text.casefold() for text in made if len(text) >= MIN_LENGTH})


def render() -> str:
    """The text of the file."""
    return HEADER + "".join(f"{text}\n" for text in passwords())


def take(zxcvbn: Path, django: Path) -> str:
    """What two wheels hold of the length that counts; names no word that was broken on its way."""
    with zipfile.ZipFile(zxcvbn) as wheel:
        tree = ast.parse(wheel.read("zxcvbn/frequency_lists.py"))
    frequent = next(
        str(ast.literal_eval(value.func.value))
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant)
        and key.value == "passwords"
        and isinstance(value, ast.Call)
        and isinstance(value.func, ast.Attribute)
    ).split(",")
    with zipfile.ZipFile(django) as wheel:
        packed = wheel.read("django/contrib/auth/common-passwords.txt.gz")
    leaked = gzip.decompress(packed).decode("utf-8").split()
    kept = {
        text.casefold()
        for text in (*frequent, *leaked)
        if len(text) >= MIN_LENGTH and text.isascii() and text.isprintable()
    }
    header = PUBLISHED_HEADER.format(
        zxcvbn=zxcvbn.name.split("-")[1], django=django.name.split("-")[1]
    )
    return header + "".join(f"{text}\n" for text in sorted(kept))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--take", zxcvbn, django]:
            PUBLISHED.write_text(take(Path(zxcvbn), Path(django)), encoding="utf-8")
        case _:
            TARGET.write_text(render(), encoding="utf-8")

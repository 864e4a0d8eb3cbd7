"""The question of languages, put to a store of known content."""

from tests.sql.asking import ask
from tests.sql.rows import NEW, OLD


def test_how_languages_differ(published):
    """Pilot stands for the nurse of another language; it was not scored of the new version, so nurse differs from nothing."""
    found = ask(
        published, "how-languages-differ", "system_version", "embedder", "language", "mcas", "differs", "n_languages"
    )
    assert found[2:4] == [(NEW, "clip", "de", None, None, 1), (NEW, "clip", "en", -0.25, 0.0, 1)]
    assert found[0] == (OLD, "clip", "en", -0.1, 0.0, 1)

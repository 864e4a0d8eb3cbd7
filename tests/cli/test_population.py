"""`mcas population`: a published table becomes a population that an audit can be held against."""

from mcas_assets.declare.populations import load_population
from tests.cli.command import mcas
from tests.declare.published import ILOSTAT_CSV, write_table


def test_a_table_becomes_a_population_of_a_project_and_what_it_lacks_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("MCAS_PROJECT", str(tmp_path / "mine"))
    assert mcas("init", str(tmp_path / "mine"), home=tmp_path / "home").returncode == 0
    table = write_table(tmp_path, ILOSTAT_CSV)
    words = ("population", str(table), "--name", "xa-2023", "--place", "XAA", "--locale", "XA")
    done = mcas(*words, home=tmp_path / "home")
    assert done.returncode == 0, done.stderr
    assert "1 concepts of XAA, 2023: engineer" in done.stdout
    assert "the table lacks the groups of" in done.stderr
    assert "--wider gives them" in done.stderr
    population = load_population("xa-2023", tmp_path / "mine" / "populations")
    assert (population.locale, population.shares["gender"]["engineer"]) == ("XA", {"woman": 0.2, "man": 0.8})
    listed = mcas("list", "populations", home=tmp_path / "home")
    assert "xa-2023" in listed.stdout

"""What a hosted system may still spend, and what it has spent."""

from mcas_assets.estimate.cost import estimate
from mcas_assets.store import facts
from mcas_assets.store.database import Store
from mcas_assets.systems import find as systems
from mcas_assets.systems.hosted.budget import Past
from mcas_assets.systems.protocol import Metered
from tests.systems.hosted.providers import (
    openai_entry,
)


def test_the_plan_names_price_and_what_the_budget_leaves(tiny, tmp_path, declare, openai_provider):
    entry = openai_entry(openai_provider, price=0.5, budget={"usd": 5.0})
    system = systems.find_system("gpt", declare(gpt=entry))
    said = estimate(tiny, system, Store(tmp_path / "home")).line()
    assert "21.00 USD at 0.5 an image" in said
    assert "budget 5.00 USD covers 10 of them" in said
    assert isinstance(system, Metered)
    assert system.allowance(Past(2, 1.0), 3) == "budget 5.00 USD, 1.00 USD and 2 requests spent, covers that"


def test_a_store_without_attempts_is_brought_up_to_date(tmp_path):
    with Store(tmp_path).open() as con:
        con.execute("drop table attempt_facts")
        con.execute("update store_schema set version = 2")
    with Store(tmp_path).open() as con:
        assert facts.spent(con, "gpt@1") == (0, 0.0, ())

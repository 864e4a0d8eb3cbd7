"""What is declared is on record before the first image of a system version."""

import shutil
from pathlib import Path

import yaml

from mcas_assets.declare.audit import list_audits
from mcas_assets.orchestration.declarations import note_all
from mcas_assets.policy.load import list_policies
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store import facts


def test_every_audit_and_policy_that_there_is_is_on_record_before_the_first_image(audited, tiny):
    rows = audited.rows("select kind, name, n_images, is_given from declarations")
    declared = {("audit", name) for name in (*list_audits(), tiny.audit)}
    declared |= {("policy", name) for name in list_policies()}
    assert {(kind, name) for kind, name, _, _ in rows} == declared
    assert {(n_images, is_given) for _, _, n_images, is_given in rows} == {(0, False)}
    assert audited.rows("select distinct standing, standing_reason from scores") == [("confirmatory", None)]
    assert audited.rows("select distinct declarations from materialisations where partition <> ''") == [
        ([tiny.digest()],)
    ]


def test_after_the_first_image_only_what_is_about_to_be_used_is_added(audited, tiny, tmp_path):
    home = Path(shutil.copytree(audited.home, tmp_path / "home"))
    workplace = Workplace(home=home)
    other = tiny.model_copy(update={"run_seed": 9})
    note_all(workplace, audited.ran.system_version, other)
    with workplace.store.open() as con:
        late = con.execute("select name, digest, n_images from declarations where n_images > 0").fetchall()
    assert late == [(tiny.audit, other.digest(), 42)]


def test_a_policy_that_cannot_be_read_is_left_out(new_home, tmp_path, tiny):
    (tmp_path / "draft.yaml").write_text(yaml.safe_dump({"policy": "draft"}))
    workplace = Workplace(home=new_home, policy_folder=tmp_path)
    version = workplace.find_system("phantom-fair").identity().version
    with workplace.store.open() as con:
        facts.register_system(con, version, "phantom-fair", {})
    note_all(workplace, version, tiny)
    with workplace.store.open() as con:
        assert con.execute("select count(*) from declarations where kind = 'policy'").fetchall() == [(0,)]
        assert con.execute("select count(*) > 1 from declarations where kind = 'audit'").fetchall() == [(True,)]

"""Each promise of docs/explanation/trust.md, and the tests that attack it: that they are there, and by these names."""

import ast
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent

HELD_BY = {
    "the thing measured does not vouch for itself": [
        "systems/test_cached_identity.py::test_a_forged_note_of_a_download_does_not_keep_the_version",
        "systems/test_cached_identity.py::test_a_forged_name_of_a_blob_does_not_keep_the_version",
        "systems/test_cached_identity.py::test_a_folder_of_links_that_looks_like_the_hubs_cache_is_told_by_its_bytes",
        "systems/test_cached_identity.py::test_a_record_of_digests_in_a_folder_that_is_not_the_home_is_not_read",
        "systems/test_identity.py::test_a_weight_flipped_behind_the_caches_back_changes_the_version",
        "systems/test_no_wrong_version.py::test_a_change_during_a_run_is_refused_and_what_was_kept_is_of_the_version_that_made_it",
        "embedders/test_identity.py::test_weights_replaced_after_identification_are_noticed",
    ],
    "what reads cannot write, and looking starts nothing": [
        "store/test_sandbox.py::test_nothing_but_reading_the_copy_is_possible",
        "store/test_sandbox.py::test_even_a_statement_that_got_through_could_open_no_file",
        "store/test_sandbox.py::test_no_statement_and_several_are_told_apart",
        "store/test_sandbox.py::test_a_question_is_ended_after_its_time",
        "store/test_sandbox.py::test_a_question_is_ended_at_its_memory",
        "store/test_sandbox.py::test_a_type_that_no_table_holds_is_named_with_its_remedy",
        "store/test_sandbox.py::test_an_interrupt_ends_a_question_with_the_sentence",
        "orchestration/test_webserver.py::test_without_write_nothing_can_be_changed_by_anyone",
        "orchestration/test_webserver.py::test_looking_at_a_home_that_holds_nothing_makes_nothing",
    ],
    "a server is guarded": [
        "servers/test_guard.py::test_another_name_than_this_server_s_is_refused",
        "servers/test_guard.py::test_what_another_page_sends_is_refused_whatever_its_form",
        "servers/test_guard.py::test_a_page_elsewhere_can_link_here_but_not_load_from_here",
        "servers/test_guard.py::test_what_a_form_can_send_changes_nothing",
        "servers/test_guard.py::test_a_path_that_acts_on_a_query_takes_none_by_get",
        "servers/test_guard.py::test_a_websocket_of_another_page_is_refused_and_one_of_ours_is_not",
        "servers/test_guard.py::test_a_stranger_is_refused_in_every_way_of_asking",
        "orchestration/test_webserver.py::test_no_other_page_adds_or_deletes_a_version",
        "orchestration/test_webserver.py::test_no_other_page_reports_an_asset_as_made",
        "orchestration/test_webserver.py::test_a_websocket_of_another_page_is_refused",
        "orchestration/test_webserver.py::test_an_address_that_others_reach_wants_the_token_that_is_printed",
        "cli/test_ui.py::test_the_lineage_of_an_audit_shows_every_stage",
    ],
    "a key goes to its host and nowhere else": [
        "systems/hosted/test_transport.py::test_no_key_follows_where_a_provider_leads",
        "systems/hosted/test_transport.py::test_whatever_form_the_lead_has_it_is_told_and_not_followed",
        "systems/hosted/test_transport.py::test_a_request_to_another_host_is_not_sent",
        "systems/hosted/test_transport.py::test_plain_http_beyond_this_machine_is_declared_or_refused",
        "systems/hosted/test_redaction.py::test_a_key_is_known_again_in_every_writing",
        "systems/hosted/test_redaction.py::test_no_writing_of_a_key_is_kept_or_printed",
        "systems/hosted/test_hosted.py::test_a_key_that_a_server_repeats_is_kept_nowhere",
        "systems/pipelines/test_hub.py::test_no_token_follows_where_a_hub_leads",
        "cli/test_keep.py::test_a_key_is_said_to_be_there_or_not_and_never_its_value",
    ],
    "a used home is never begun anew in silence": [
        "store/test_publication.py::test_a_store_that_is_missing_beside_a_published_copy_is_refused_and_its_remedy_works",
        "store/test_publication.py::test_a_store_that_is_missing_beside_images_is_refused",
        "store/test_publication.py::test_another_store_never_replaces_what_is_published",
        "cli/test_app.py::test_a_store_that_is_lost_is_refused_and_repair_makes_it_anew_from_the_published_copy",
    ],
    "an answer is bounded in size, depth and time": [
        "systems/hosted/test_transport.py::test_an_answer_without_end_takes_no_more_memory_than_the_largest_that_is_taken_in",
        "systems/hosted/test_transport.py::test_an_answer_in_drops_ends_when_its_time_is_over",
        "systems/hosted/test_transport.py::test_a_handshake_in_drops_ends_when_its_time_is_over",
        "systems/hosted/test_transport.py::test_a_client_that_waits_for_drops_says_that_there_was_no_answer",
        "systems/hosted/test_transport.py::test_what_lies_too_deep_is_not_read",
        "systems/hosted/test_transport.py::test_a_packed_answer_is_not_unpacked",
        "systems/hosted/test_transport.py::test_answers_that_are_no_image_end_a_paid_run",
        "systems/hosted/test_odd_answers.py::test_an_odd_answer_of_the_images_api_is_an_outcome",
        "systems/hosted/test_odd_answers.py::test_an_odd_answer_of_gemini_is_an_outcome",
        "systems/hosted/test_odd_answers.py::test_a_spoiled_answer_is_an_outcome",
    ],
    "a number that is declared or reported is bounded, and a budget is kept to": [
        "systems/hosted/test_hosted.py::test_a_budget_in_dollars_is_never_passed_however_many_are_under_way",
        "systems/hosted/test_hosted.py::test_a_price_or_budget_that_no_one_means_is_refused_with_its_key",
        "systems/hosted/test_hosted.py::test_what_a_provider_counts_never_gives_a_budget_back",
        "systems/hosted/test_odd_answers.py::test_a_wait_of_any_form_is_waited_for_within_bounds_or_not_at_all",
        "declare/test_limits.py::test_a_number_that_nobody_means_is_refused_with_the_largest_that_may_be_given",
    ],
    "a refusal has a witness": [
        "systems/image_sets/test_guards.py::test_a_picture_of_one_colour_shows_nothing_and_is_no_refusal",
        "systems/hosted/test_google.py::test_a_refusal_says_which_version_refused_and_in_what_words",
        "measure/test_refusals.py::test_terminal_outcomes_are_refusals_and_the_others_are_counted_apart",
    ],
    "Ctrl+C ends with the sentence and its status": [
        "cli/test_interrupts.py::test_every_interrupt_ends_with_the_sentence_and_its_status",
        "cli/test_interrupts.py::test_an_audit_interrupted_at_random_points_ends_so_each_time_and_comes_to_the_same_scores",
    ],
    "a text from elsewhere is a text": [
        "core/test_terminal.py::test_a_text_is_printed_as_what_it_is",
        "core/test_terminal.py::test_of_any_text_no_command_is_left_and_json_says_the_same",
        "core/test_terminal.py::test_a_bar_of_progress_prints_no_command_of_a_name",
        "core/test_terminal.py::test_every_command_tells_its_mistakes_without_a_command_to_the_terminal",
        "core/test_terminal.py::test_an_audit_whose_title_and_home_are_markup_is_run_and_shown",
        "test_house.py::test_text_reaches_a_terminal_through_one_module_alone",
    ],
    "whatever is read is a value, an outcome or one error": [
        "systems/test_spoiled_files.py::test_a_spoiled_set_is_an_error_or_outcomes",
        "systems/image_sets/test_as_tools_leave_them.py::test_rows_that_hold_nothing_are_no_records",
        "systems/image_sets/test_as_tools_leave_them.py::test_of_two_images_of_one_sample_none_is_taken_in_silence",
        "systems/test_spoiled_files.py::test_a_spoiled_pipeline_folder_is_an_error_or_another_version",
        "declare/test_spoiled_declarations.py::test_a_spoiled_declaration_is_an_error_or_another_one",
        "declare/test_spoiled_declarations.py::test_each_odd_value_is_an_error_or_a_value_wherever_it_stands",
        "declare/test_documents.py::test_what_could_mislead_a_reader_of_yaml_is_refused",
        "declare/test_documents.py::test_any_text_is_read_or_refused",
        "systems/image_sets/test_guards.py::test_paths_that_leave_the_set_are_rejected_though_what_they_name_is_there",
    ],
    "what is kept can be looked through, copied and thinned out": [
        "cli/test_keep.py::test_what_is_damaged_or_missing_is_unsound_and_its_remedy_mends_it",
        "cli/test_keep.py::test_a_restored_home_is_up_to_date_and_its_scores_are_equal",
        "cli/test_keep.py::test_what_a_kept_score_stands_on_stays_and_the_rest_goes",
        "systems/test_leftovers.py::test_digests_of_files_that_changed_or_are_gone_are_forgotten_and_others_stay",
        "systems/test_leftovers.py::test_tables_of_sets_that_no_system_has_are_dropped_and_one_that_is_declared_is_not_read_again",
    ],
}


@cache
def names_in(file: str) -> set[str]:
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("promise", HELD_BY)
def test_every_promise_is_attacked_by_tests_that_are_there(promise):
    missing = [test for test in HELD_BY[promise] if test.partition("::")[2] not in names_in(test.partition("::")[0])]
    assert missing == []

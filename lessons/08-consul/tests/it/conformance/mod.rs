//! One suite for two servers: what lessons and foreign clients rely on, said by the real Consul 1.8.7.
//! A case is a plain function with the promise as its name. It uses names of its own, so that all of
//! them run at the same time against one server; `fresh` in its area starts one for it alone.
//!
//! [`judge`] runs them all, and names every one that fails. `CASE=kv:: cargo test -p l08-consul suite` runs
//! those with these letters in their names.

mod common;
pub mod reaping;

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;

use crate::support::Http;
use crate::support::side::Fresh;

/// A promise: its name with its area, and the function that looks whether a server keeps it.
pub type Case = (&'static str, fn(&Http));

macro_rules! suite {
    ($name:ident: $($area:ident: $($case:ident)*;)*) => {
        $(pub mod $area;)*

        /// These areas, case by case.
        pub const $name: &[Case] = &[
            $($((concat!(stringify!($area), "::", stringify!($case)), $area::$case),)*)*
        ];
    };
}

suite! { SHARED:
    kv:
        a_value_comes_back_in_base64
        a_value_is_any_bytes
        an_empty_value_is_null
        a_raw_value_is_the_bytes_themselves
        a_key_that_is_not_there_is_an_empty_404
        a_key_may_hold_spaces_umlauts_and_slashes
        flags_are_kept_up_to_64_bits
        flags_that_are_no_number_are_refused
        a_second_put_keeps_the_create_index
        a_put_of_the_same_value_moves_nothing
        recurse_lists_everything_below_in_order
        recurse_is_by_letters_and_not_by_folders
        recurse_of_nothing_is_a_404
        keys_lists_names_only
        a_separator_folds_what_is_below
        a_deleted_key_is_gone
        delete_says_true_for_a_key_that_never_was
        delete_recurse_takes_all_below_and_nothing_beside
        delete_with_cas_needs_the_index
        cas_zero_creates_and_never_overwrites
        cas_needs_the_index_of_the_last_change
        of_many_parallel_cas_exactly_one_wins
        a_counter_by_cas_loses_no_step
        a_cas_that_is_no_number_is_refused
        a_missing_key_name_is_refused
        recurse_and_cas_do_not_go_together
        a_value_over_512_kib_is_refused_and_not_stored
        other_methods_are_refused_with_the_list_of_allowed_ones
        options_lists_the_methods
        path_tricks_are_sent_elsewhere
    ;
    services:
        a_name_is_enough_to_register
        all_that_was_registered_is_told_again
        the_content_hash_follows_the_content
        a_host_name_is_an_address_without_tagged_ones
        tagged_addresses_may_be_given
        member_names_ignore_case
        snake_case_names_are_understood
        no_content_type_is_needed
        registering_again_replaces
        registering_again_keeps_the_create_index
        one_id_is_one_instance_whatever_its_name
        instances_of_a_name_have_their_own_ids
        a_deregistered_service_is_gone_everywhere
        deregistering_one_leaves_the_others
        deregistering_an_unknown_service_is_no_error
        deregistering_goes_by_id_and_not_by_name
        deregistering_needs_an_id
        registering_and_deregistering_are_puts
        an_unknown_id_is_a_404_in_words
        an_id_may_hold_a_slash
        a_name_keeps_its_letters_and_is_found_by_any
        parallel_registrations_all_arrive
    ;
    health:
        an_entry_has_node_service_and_checks
        a_bare_service_has_no_addresses_and_null_meta
        an_unknown_name_is_an_empty_list_and_no_error
        passing_leaves_out_critical_and_warning
        passing_needs_all_checks_to_pass
        a_service_without_checks_is_passing
        a_tag_filters
        the_checks_of_a_service_alone
        the_checks_of_a_node
        checks_by_state
        what_is_asked_for_must_be_named
        only_get_reads_health
        another_datacenter_has_no_path
        the_three_consistencies_are_understood
        an_instance_is_healthy_by_id_in_json_and_text
        a_name_is_as_well_as_its_worst_instance
        an_instance_that_is_not_there_is_a_404
    ;
    catalog:
        services_lists_names_with_all_tags
        a_service_is_told_with_its_node
        a_bare_service_has_empty_meta_here
        an_unknown_name_is_an_empty_list
        a_tag_filters_the_catalog
        unhealthy_ones_are_listed_as_well
        nodes_has_the_agent_itself
        a_node_lists_its_services_by_id
        datacenters_is_a_list_of_one
        a_node_without_an_agent_can_be_written
        erasing_takes_a_check_a_service_or_the_node
        the_agent_repairs_what_was_erased_behind_its_back
        writing_needs_a_node_and_an_address
        what_is_asked_of_the_catalog_must_be_named
        reading_is_get_and_writing_is_put
        a_name_leaves_with_its_last_instance
    ;
    blocking:
        a_changed_key_wakes
        a_created_key_wakes
        a_deleted_key_wakes
        a_change_below_wakes_recurse_and_keys
        a_deletion_below_wakes_recurse
        the_first_instance_of_a_name_wakes
        one_more_instance_wakes
        a_deregistered_instance_wakes
        a_check_that_turns_wakes
        a_new_name_wakes_the_list_of_names
        a_changed_instance_wakes_the_catalog
        without_a_change_it_ends_in_time_and_says_the_same
        other_keys_wake_no_caller
        the_same_value_again_wakes_no_caller
        other_services_wake_no_caller
        the_same_registration_again_wakes_no_caller
        a_query_with_an_old_index_returns_at_once
        an_index_from_the_future_waits_and_learns_the_real_one
        every_change_has_an_index_of_its_own
        a_follower_misses_no_end_state
        many_watchers_are_woken_by_one_change
        watchers_of_many_things_are_woken_each_by_its_own
        waits_end_a_little_apart
        an_index_or_a_wait_that_is_none_is_refused
        a_wait_may_have_parts_and_units
        a_watcher_that_leaves_harms_no_other
        a_service_of_the_agent_can_be_watched_by_its_hash
    ;
    checks:
        a_ttl_check_starts_critical
        a_check_may_start_with_another_status
        pass_warn_and_fail_set_the_status_and_the_note
        update_sets_status_and_output_from_json
        update_cuts_a_long_output
        update_refuses_other_statuses
        only_a_ttl_check_that_is_there_can_be_set
        a_ttl_that_is_not_renewed_turns_critical
        the_note_is_kept_when_a_ttl_ends
        a_ttl_that_is_renewed_stays
        an_http_check_goes_by_the_status_code
        an_http_check_keeps_what_the_page_said
        an_http_check_keeps_no_more_than_4_kib
        an_http_check_asks_as_it_was_told
        an_http_check_without_a_server_is_critical_and_says_why
        an_http_check_does_not_wait_for_ever
        a_check_goes_on_asking
        an_interval_under_a_second_becomes_one
        a_deregistered_check_asks_no_more
        a_tcp_check_needs_only_a_connection
        a_grpc_check_asks_the_health_service
        a_grpc_check_can_ask_for_one_service
        a_grpc_check_of_an_unknown_service_is_critical
        a_grpc_check_of_something_else_is_critical
        several_checks_are_numbered_unless_named
        a_check_can_be_added_to_a_service
        a_check_of_the_node_concerns_all_its_services
        registering_a_check_again_replaces_it
        a_check_keeps_its_state_when_its_service_is_registered_again
        checks_left_out_of_a_second_registration_stay
        deregistering_a_check_that_is_not_there_is_no_error
        the_commands_of_checks_are_puts
        a_quick_flip_of_states_ends_in_the_last
    ;
    maintenance:
        a_service_in_maintenance_is_not_passing_and_still_there
        maintenance_wakes_watchers
        without_a_reason_there_is_a_default_one
        maintenance_twice_is_once
        maintenance_needs_a_service_and_a_yes_or_no
        a_node_in_maintenance_takes_all_its_services_along
    ;
    itself:
        self_names_node_datacenter_and_version
        members_has_the_agent_alive
        the_node_is_the_same_everywhere
        there_is_a_leader_and_it_is_a_peer
        the_server_itself_is_a_service
        status_is_only_read
        reload_is_a_put
        an_unknown_path_is_a_404
        pretty_is_understood
        a_token_that_is_not_needed_does_no_harm
        names_in_a_path_are_decoded
        one_connection_serves_many_requests
    ;
    refused:
        what_is_no_json
        json_that_is_no_object
        a_service_without_a_name
        a_member_of_the_wrong_type
        an_unknown_member
        a_duration_that_is_none
        a_check_of_no_kind
        a_status_that_is_none
        a_script_from_afar
        a_check_without_a_name_or_service
        weights_meta_and_address_out_of_range
        a_second_bad_registration_leaves_the_first
        what_consul_lets_through
        a_duration_may_be_a_number_of_nanoseconds
        a_hundred_megabytes_are_refused_and_not_kept
        a_path_registers_nothing_but_at_its_own_place
        a_deep_nest_is_refused
        bytes_that_are_no_http_do_no_harm
    ;
    filters:
        services_of_the_agent
        checks_of_the_agent
        healthy_instances
        nonsense_is_never_ignored
    ;
}

suite! { DEFINITIONS:
    definitions:
        a_file_registers_a_service_with_its_checks
        a_file_may_hold_many_services_and_checks
        files_of_other_kinds_are_left_alone
        a_reload_brings_the_new_changes_the_old_and_drops_the_rest
        a_reload_keeps_the_state_of_checks
        a_reload_keeps_what_was_registered_over_http
        a_bad_file_fails_the_reload_and_changes_nothing
        a_script_in_a_file_needs_the_permission_too
        a_bad_file_at_the_start_is_the_end
    ;
}

/// Starts one server, runs `cases` against it, so many at once, and fails with the names of all that failed.
/// The reason of each is printed where it failed.
pub fn judge(fresh: Fresh, cases: &[Case], at_once: usize) {
    let wanted = std::env::var("CASE").unwrap_or_default();
    let cases = cases.iter().filter(|(name, _)| name.contains(&wanted));
    let queue: Mutex<VecDeque<&Case>> = Mutex::new(cases.collect());
    let count = queue.lock().unwrap().len();
    let server = fresh(None, None).unwrap_or_else(|trouble| panic!("{trouble}"));
    let failed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap().pop_front();
                    let Some((name, case)) = next else { break };
                    if catch_unwind(AssertUnwindSafe(|| case(&server))).is_err() {
                        println!("FAILED  {name}");
                        failed.lock().unwrap().push(*name);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    let names = failed.join("\n  ");
    assert!(
        failed.is_empty(),
        "{} of {count} cases failed:\n  {names}",
        failed.len()
    );
    println!("{count} cases");
}

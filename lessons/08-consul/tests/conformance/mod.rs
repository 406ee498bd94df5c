//! One suite for two servers: what lessons and foreign clients rely on, said by the real Consul 1.8.7.
//! A case is a plain function with the promise as its name. It uses names of its own, so that all of
//! them run at the same time against one server; `fresh` in its area starts one for it alone.
//!
//! `every_case!` makes a test of each, for a test program that has a function `judge`.

macro_rules! suite {
    ($($area:ident: $($case:ident)*;)*) => {
        $(pub mod $area;)*

        macro_rules! every_case {
            () => {
                $(mod $area {
                    $(#[test]
                    fn $case() {
                        super::judge(super::conformance::$area::$case);
                    })*
                })*
            };
        }
        pub(crate) use every_case;
    };
}

suite! {
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
}

//! Whether the tests have seen all that openapi.yaml promises.

use tests::contract::contract;
use tests::other_tests_are_done;

/// Its name is the last one, so it begins when the others have begun.
#[tokio::test]
async fn every_operation_every_status_and_every_code_was_seen() {
    other_tests_are_done().await;
    let unseen = contract().unseen();
    assert!(
        unseen.is_empty(),
        "no test saw these, if all end-to-end tests have run in this process and well \
         (`cargo test -p tests --test it`): {unseen:#?}"
    );
}

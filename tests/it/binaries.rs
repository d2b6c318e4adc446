//! What is in the functions' binaries.

use local::Profile;

#[test]
fn aws_lc_is_built_without_the_slow_entropy_source() {
    tests::build_once();
    let binary = std::fs::read(local::function_binary(Profile::Dev, "login")).unwrap();
    let has = |symbol: &[u8]| binary.windows(symbol.len()).any(|window| window == symbol);
    assert!(has(b"ED25519_sign"), "the symbols of aws-lc can't be seen");
    assert!(
        !has(b"jent_entropy_init"),
        "AWS_LC_SYS_NO_JITTER_ENTROPY was not set"
    );
}

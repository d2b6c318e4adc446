//! Versions of objects, their tags, and what these decide.

use std::collections::BTreeSet;

use super::*;
use template::{ConditionTemplate, ConditionTest, ContextKey};

async fn versioned() -> S3 {
    let bucket = BucketTemplate {
        versioned: true,
        ..bucket()
    };
    start_with(bucket, &[]).await
}

/// Puts an object and returns its version.
async fn put(s3: &S3, key: &str, bytes: &[u8]) -> String {
    let headers = [
        ("content-type", "image/png"),
        ("cache-control", "public, max-age=3600"),
    ];
    let answer = signed(s3, "PUT", &path(key), &headers, bytes).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.header("x-amz-version-id")
}

async fn ask(s3: &S3, method: &str, at: &str) -> Answer {
    signed(s3, method, &path(at), &[], b"").await
}

fn tag_set(tags: &[(&str, &str)]) -> String {
    let tags = tags
        .iter()
        .map(|(key, value)| format!("<Tag><Key>{key}</Key><Value>{value}</Value></Tag>"));
    let tags: String = tags.collect();
    format!("<Tagging><TagSet>{tags}</TagSet></Tagging>")
}

async fn set_tags(s3: &S3, at: &str, tags: &[(&str, &str)]) -> Answer {
    let body = tag_set(tags);
    signed(s3, "PUT", &path(at), &[], body.as_bytes()).await
}

#[tokio::test]
async fn each_version_of_an_object_is_read_and_deleted_by_its_own_id() {
    let s3 = versioned().await;
    let (one, two) = (put(&s3, "k", b"one").await, put(&s3, "k", b"two").await);
    assert_ne!(one, two);
    let current = ask(&s3, "GET", "k").await;
    assert_eq!((current.text().as_str(), current.status), ("two", 200));
    assert_eq!(current.header("x-amz-version-id"), two);
    assert_eq!(current.header("cache-control"), "public, max-age=3600");
    let first = ask(&s3, "GET", &format!("k?versionId={one}")).await;
    assert_eq!((first.text().as_str(), first.status), ("one", 200));
    assert_eq!(first.header("x-amz-version-id"), one);
    let head = ask(&s3, "HEAD", &format!("k?versionId={one}")).await;
    assert_eq!(head.header("content-length"), "3");

    let deleted = ask(&s3, "DELETE", &format!("k?versionId={two}")).await;
    assert_eq!(deleted.status, 204);
    assert_eq!(deleted.header("x-amz-version-id"), two);
    assert_eq!(deleted.header("x-amz-delete-marker"), "");
    assert_eq!(ask(&s3, "GET", "k").await.text(), "one", "the one before");
    let gone = ask(&s3, "GET", &format!("k?versionId={two}")).await;
    assert_eq!(gone.status, 404);
    assert!(gone.text().contains("<Code>NoSuchVersion</Code>"));
    let no_id = ask(&s3, "GET", "k?versionId=own").await;
    assert_eq!(no_id.status, 400, "{}", no_id.text());
    let again = ask(&s3, "DELETE", &format!("k?versionId={two}")).await;
    assert_eq!(again.status, 204, "nothing is left to delete");
}

#[tokio::test]
async fn a_deleted_object_has_a_delete_marker_and_keeps_its_versions() {
    let s3 = versioned().await;
    let one = put(&s3, "k", b"one").await;
    let deleted = ask(&s3, "DELETE", "k").await;
    assert_eq!(deleted.header("x-amz-delete-marker"), "true");
    let marker = deleted.header("x-amz-version-id");
    let gone = ask(&s3, "GET", "k").await;
    assert_eq!(gone.status, 404);
    assert!(gone.text().contains("<Code>NoSuchKey</Code>"));
    assert_eq!(gone.header("x-amz-delete-marker"), "true");
    let of_marker = ask(&s3, "GET", &format!("k?versionId={marker}")).await;
    assert_eq!(of_marker.status, 405);
    let list = signed(&s3, "GET", &format!("/{BUCKET}?list-type=2"), &[], b"").await;
    assert!(
        list.text().contains("<KeyCount>0</KeyCount>"),
        "{}",
        list.text()
    );
    let kept = ask(&s3, "GET", &format!("k?versionId={one}")).await;
    assert_eq!(kept.text(), "one");

    let undeleted = ask(&s3, "DELETE", &format!("k?versionId={marker}")).await;
    assert_eq!(undeleted.header("x-amz-delete-marker"), "true");
    assert_eq!(ask(&s3, "GET", "k").await.text(), "one");
}

#[tokio::test]
async fn a_delete_marker_has_no_tags_which_is_another_answer_than_that_of_an_absent_key() {
    let s3 = versioned().await;
    put(&s3, "k", b"one").await;
    let marker = ask(&s3, "DELETE", "k").await.header("x-amz-version-id");
    for method in ["GET", "PUT", "DELETE"] {
        let body = if method == "PUT" {
            tag_set(&[("public", "true")])
        } else {
            String::new()
        };
        let asked = async |at: &str| {
            let at = path(at);
            signed(&s3, method, &at, &[], body.as_bytes()).await
        };
        for at in [
            "k?tagging=".to_owned(),
            format!("k?tagging=&versionId={marker}"),
        ] {
            let refused = asked(&at).await;
            assert_eq!(refused.status, 405, "{method} {at}");
            assert!(refused.text().contains("<Code>MethodNotAllowed</Code>"));
            assert_eq!(refused.header("x-amz-delete-marker"), "true");
            assert_eq!(refused.header("x-amz-version-id"), marker);
        }
        let absent = asked("absent?tagging=").await;
        assert_eq!(absent.status, 404, "{method}");
        assert!(absent.text().contains("<Code>NoSuchKey</Code>"));
    }
}

#[tokio::test]
async fn whoever_may_not_list_a_key_is_not_told_that_it_is_absent() {
    let bucket = BucketTemplate {
        versioned: true,
        ..bucket()
    };
    let actions = ["PutObjectTagging", "DeleteObjectTagging", "GetObject"];
    let grants = |keys: &str| actions.map(|it| grant(&format!("s3:{it}"), keys));
    let list = StatementTemplate {
        resources: vec![format!("arn:aws:s3:::{BUCKET}")],
        conditions: vec![ConditionTemplate {
            key: ContextKey::Prefix,
            test: ConditionTest::Like(BTreeSet::from(["listed/*".to_owned()])),
        }],
        ..grant("s3:ListBucket", "")
    };
    let statements = grants("listed/*").into_iter().chain(grants("secret/*"));
    let s3 = start_as(bucket, statements.chain([list]).collect()).await;
    for folder in ["listed", "secret"] {
        for object in ["there", "deleted"] {
            put(&s3, &format!("{folder}/{object}"), b"x").await;
        }
        ask(&s3, "DELETE", &format!("{folder}/deleted")).await;
    }
    let by = access_key_id("stack-uploader");
    let asked = async |method: &str, at: &str| {
        let body = if method == "PUT" {
            tag_set(&[])
        } else {
            String::new()
        };
        let answer = signed_by(&s3, &by, method, &path(at), &[], body.as_bytes()).await;
        answer.status
    };
    for (method, query, there, deleted) in [
        ("GET", "", 200, 404),
        ("PUT", "?tagging=", 200, 405),
        ("DELETE", "?tagging=", 204, 405),
    ] {
        for (at, status) in [
            ("listed/there", there),
            ("listed/deleted", deleted),
            ("listed/absent", 404),
            ("secret/there", there),
            ("secret/deleted", 403),
            ("secret/absent", 403),
        ] {
            let at = format!("{at}{query}");
            assert_eq!(asked(method, &at).await, status, "{method} {at}");
        }
    }
    // By a list of its own as well.
    for (query, status) in [
        ("&prefix=listed%2F", 200),
        ("&prefix=listed%2Fa", 200),
        ("&prefix=secret%2F", 403),
        ("&prefix=listed", 403),
        ("", 403),
    ] {
        let at = format!("/{BUCKET}?list-type=2{query}");
        let answer = signed_by(&s3, &by, "GET", &at, &[], b"").await;
        assert_eq!(answer.status, status, "{query}");
    }
}

#[tokio::test]
async fn a_form_makes_a_version_too() {
    let s3 = versioned().await;
    let first = put(&s3, "pending/k", b"first").await;
    assert_eq!(Form::new().send(&s3).await.status, 201);
    assert_eq!(ask(&s3, "GET", "pending/k").await.text(), "picture");
    let first = ask(&s3, "GET", &format!("pending/k?versionId={first}")).await;
    assert_eq!(first.text(), "first");
}

#[tokio::test]
async fn tags_are_set_with_an_object_or_later_and_are_of_one_version() {
    let s3 = versioned().await;
    let headers = [("x-amz-tagging", "public=true&by=a%20b")];
    let put_first = signed(&s3, "PUT", &path("k"), &headers, b"one").await;
    let one = put_first.header("x-amz-version-id");
    let two = put(&s3, "k", b"two").await;
    let of_one = format!("k?tagging=&versionId={one}");
    let tags = ask(&s3, "GET", &of_one).await.text();
    assert!(tags.contains("<Key>by</Key><Value>a b</Value>"), "{tags}");
    assert!(tags.contains("<Key>public</Key><Value>true</Value>"));
    let untagged = ask(&s3, "GET", "k?tagging=").await;
    assert_eq!(untagged.header("x-amz-version-id"), two);
    assert!(!untagged.text().contains("<Tag>"), "{}", untagged.text());

    let set = set_tags(&s3, &of_one, &[("public", "false")]).await;
    assert_eq!(set.status, 200, "{}", set.text());
    let tags = ask(&s3, "GET", &of_one).await.text();
    assert!(tags.contains("<Key>public</Key><Value>false</Value>"));
    assert!(!tags.contains("<Key>by</Key>"), "all are replaced: {tags}");
    assert_eq!(ask(&s3, "GET", "k").await.text(), "two", "still current");
    assert_eq!(ask(&s3, "DELETE", &of_one).await.status, 204);
    assert!(!ask(&s3, "GET", &of_one).await.text().contains("<Tag>"));

    let twice = set_tags(&s3, "k?tagging=", &[("a", "1"), ("a", "2")]).await;
    assert!(
        twice.text().contains("<Code>InvalidTag</Code>"),
        "{}",
        twice.text()
    );
    assert_eq!(
        set_tags(&s3, "k?tagging=", &[("a", "&lt;")]).await.status,
        400
    );
    assert_eq!(set_tags(&s3, "absent?tagging=", &[]).await.status, 404);
}

#[tokio::test]
async fn the_cdn_reads_only_what_has_the_tag_that_the_buckets_policy_demands() {
    let mut bucket = bucket();
    bucket.cdn_readable[0].tags =
        BTreeMap::from([("public".to_owned(), ["true".to_owned()].into())]);
    let s3 = start_with(bucket, &[]).await;
    put(&s3, "public/a", b"picture").await;
    let url = s3.service.url();
    let read = async || send(&url, "GET", &path("public/a"), &[], b"").await.status;
    assert_eq!(read().await, 403, "untagged");
    for (tags, status) in [
        (&[("public", "true"), ("by", "me")][..], 200),
        (&[("public", "false")], 403),
        (&[("Public", "true")], 403),
        (&[("public", "true")], 200),
        (&[], 403),
    ] {
        assert_eq!(set_tags(&s3, "public/a?tagging=", tags).await.status, 200);
        assert_eq!(read().await, status, "{tags:?}");
    }
    let absent = send(&url, "GET", &path("public/absent"), &[], b"").await;
    assert_eq!(absent.status, 403, "nothing is told of what isn't there");
}

#[tokio::test]
async fn a_function_needs_the_action_of_what_it_does_with_a_version_or_a_tag() {
    let bucket = BucketTemplate {
        versioned: true,
        ..bucket()
    };
    let actions = [
        ("GET", "", "s3:GetObject"),
        ("GET", "versionId=", "s3:GetObjectVersion"),
        ("PUT", "", "s3:PutObject"),
        ("GET", "tagging=", "s3:GetObjectTagging"),
        ("PUT", "tagging=", "s3:PutObjectTagging"),
        ("DELETE", "tagging=", "s3:DeleteObjectTagging"),
        ("GET", "tagging=&versionId=", "s3:GetObjectVersionTagging"),
        ("PUT", "tagging=&versionId=", "s3:PutObjectVersionTagging"),
        (
            "DELETE",
            "tagging=&versionId=",
            "s3:DeleteObjectVersionTagging",
        ),
        ("DELETE", "", "s3:DeleteObject"),
        ("DELETE", "versionId=", "s3:DeleteObjectVersion"),
    ];
    for (_, _, granted) in actions {
        let s3 = start_with(bucket.clone(), &[(granted, "own/*")]).await;
        let version = put(&s3, "own/k", b"x").await;
        let key = access_key_id("stack-uploader");
        for (method, query, needed) in actions {
            let query = query.replace("versionId=", &format!("versionId={version}"));
            let at = path(&format!("own/k?{query}"));
            let body = if query.is_empty() {
                String::new()
            } else {
                tag_set(&[])
            };
            let body = if method == "PUT" { body } else { String::new() };
            let answer = signed_by(&s3, &key, method, &at, &[], body.as_bytes()).await;
            let allowed = answer.status < 300;
            assert_eq!(allowed, needed == granted, "{granted}: {method} {query}");
        }
    }
}

#[tokio::test]
async fn tags_in_a_put_are_another_action_and_a_conditions_absence_is_not_told() {
    let grants = [("s3:PutObject", "own/*"), ("s3:GetObject", "own/*")];
    let s3 = start_with(bucket(), &grants).await;
    let key = access_key_id("stack-uploader");
    let tags = [("x-amz-tagging", "public=true")];
    let tagged = signed_by(&s3, &key, "PUT", &path("own/k"), &tags, b"x").await;
    assert_eq!(tagged.status, 403);
    let absent = signed_by(&s3, &key, "GET", &path("own/k"), &[], b"").await;
    assert_eq!(absent.status, 403, "it may not list the bucket");
    let grants = [
        ("s3:PutObject", "own/*"),
        ("s3:PutObjectTagging", "own/*"),
        ("s3:GetObject", "own/*"),
    ];
    let s3 = start_with(bucket(), &grants).await;
    let tagged = signed_by(&s3, &key, "PUT", &path("own/k"), &tags, b"x").await;
    assert_eq!(tagged.status, 200, "{}", tagged.text());
    let there = signed_by(&s3, &key, "GET", &path("own/k"), &[], b"").await;
    assert_eq!(there.status, 200);
}

#[tokio::test]
async fn a_presigned_url_can_do_what_its_signer_may_in_this_region_for_a_week_at_most() {
    let s3 = start().await;
    for key in ["kept/a", "pending/a"] {
        put(&s3, key, b"picture").await;
    }
    let url = s3.service.url();
    let by = access_key_id("stack-uploader");
    let read = async |at: &str, seconds: u32, region: &str| {
        let at = presigned_by(&s3, &by, "GET", at, clock::now(), seconds, region);
        let answer = send(&url, "GET", &at, &[], b"").await;
        (answer.status, answer.text())
    };
    let (status, text) = read(&path("kept/a"), 3600, REGION).await;
    assert_eq!((status, text.as_str()), (200, "picture"));
    assert_eq!(read(&path("pending/a"), 3600, REGION).await.0, 403);
    let (status, text) = read(&path("kept/a"), 604_801, REGION).await;
    assert_eq!(status, 400);
    assert!(text.contains("AuthorizationQueryParametersError"), "{text}");
    let (status, text) = read(&path("kept/a"), 60, "us-east-1").await;
    assert_eq!(status, 400);
    assert!(text.contains("expecting"), "{text}");
}

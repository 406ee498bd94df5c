//! The layers by themselves: how `grpc-timeout` is read, and which token is the token.

use std::time::Duration;

use l06_grpc::deadline::asked_for;
use l06_grpc::guard::Guard;
use tonic::codegen::http::{HeaderMap, HeaderValue};
use tonic::service::Interceptor;
use tonic::{Code, Request};

fn timeout(text: &str) -> Result<Option<Duration>, String> {
    let mut headers = HeaderMap::new();
    headers.insert("grpc-timeout", HeaderValue::from_str(text).unwrap());
    asked_for(&headers)
}

#[test]
fn the_header_is_read_as_the_specification_says() {
    assert_eq!(asked_for(&HeaderMap::new()), Ok(None));
    for (text, time) in [
        ("100m", Duration::from_millis(100)),
        ("1H", Duration::from_secs(3600)),
        ("2M", Duration::from_secs(120)),
        ("3S", Duration::from_secs(3)),
        ("4u", Duration::from_micros(4)),
        ("99999999n", Duration::from_nanos(99_999_999)),
    ] {
        assert_eq!(timeout(text), Ok(Some(time)), "{text}");
    }
    for wrong in [
        "",
        "m",
        "100",
        "+1m",
        "-1m",
        "1s",
        "100000000m",
        "1.5S",
        "1 S",
    ] {
        assert_eq!(timeout(wrong), Err(wrong.to_string()), "{wrong}");
    }
}

#[test]
fn only_the_whole_token_is_the_token() {
    let mut guard = Guard::new(Some("sesame".to_string()));
    let mut call = |token: &str| {
        let mut request = Request::new(());
        let value = format!("Bearer {token}").parse().unwrap();
        request.metadata_mut().insert("authorization", value);
        guard
            .call(request)
            .map(drop)
            .map_err(|status| status.code())
    };
    assert_eq!(call("sesame"), Ok(()));
    for wrong in ["", "s", "sesam", "sesame!", "Sesame", "sesamE"] {
        assert_eq!(call(wrong), Err(Code::Unauthenticated), "{wrong:?}");
    }
}

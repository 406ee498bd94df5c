//! Which requests of a caller are valid.

use super::*;

#[test]
fn names() {
    for good in ["a", "A-z_09", &"x".repeat(64)] {
        assert_eq!(name("id", good.to_string()).unwrap(), good);
    }
    for bad in ["", "a b", "a:b", "a\n", "é", "../x", &"x".repeat(65)] {
        let status = name("id", bad.to_string()).unwrap_err();
        assert_eq!(status.code(), tonic::Code::InvalidArgument, "{bad:?}");
    }
}

#[test]
fn addresses() {
    let four: IpAddr = Ipv4Addr::new(192, 0, 2, 7).into();
    assert_eq!(address("192.0.2.7", None).unwrap(), four);
    assert_eq!(address("::ffff:192.0.2.7", None).unwrap(), four);
    let peer = SocketAddr::new(four, 1);
    assert_eq!(address("", Some(peer)).unwrap(), four);
    assert!(address("localhost", Some(peer)).is_err());
    let home = address("2001:db8:1:2::1", None).unwrap();
    assert_eq!(address("2001:db8:1:2:ffff::9", None).unwrap(), home);
    assert_ne!(address("2001:db8:1:3::1", None).unwrap(), home);
}

//! The catalog: what counts as a change, and whose index a change moves.

use l08_consul::catalog::{Catalog, Node};
use l08_consul::check::{Check, Status};
use l08_consul::service::Service;

fn service(id: &str, name: &str) -> Service {
    Service {
        id: id.into(),
        name: name.into(),
        ..Service::default()
    }
}

fn check(id: &str, service: &Service, status: Status) -> Check {
    Check {
        node: "n".into(),
        check_id: id.into(),
        service_id: service.id.clone(),
        service_name: service.name.clone(),
        status,
        ..Check::default()
    }
}

fn catalog() -> Catalog {
    let mut catalog = Catalog::default();
    assert!(catalog.put_node(
        1,
        Node {
            name: "n".into(),
            ..Node::default()
        }
    ));
    catalog
}

#[test]
fn the_same_again_is_no_change() {
    let mut catalog = catalog();
    let web = service("w1", "web");
    assert!(catalog.put_service(2, "n", web.clone()));
    assert!(!catalog.put_service(3, "n", web.clone()));
    assert!(catalog.put_check(4, check("c", &web, Status::Critical)));
    assert!(!catalog.put_check(5, check("c", &web, Status::Critical)));
    assert_eq!(catalog.service_index("web"), 4);
    assert!(!catalog.put_node(
        6,
        Node {
            name: "n".into(),
            ..Node::default()
        }
    ));
}

#[test]
fn a_change_moves_the_index_of_its_own_name_only() {
    let mut catalog = catalog();
    let (web, api) = (service("w", "web"), service("a", "api"));
    catalog.put_service(2, "n", web.clone());
    catalog.put_service(3, "n", api);
    catalog.put_check(4, check("c", &web, Status::Passing));
    assert_eq!(
        (catalog.service_index("web"), catalog.service_index("api")),
        (4, 3)
    );
    // A check of the node is about everyone on it.
    catalog.put_check(5, check("node", &Service::default(), Status::Critical));
    assert_eq!(
        (catalog.service_index("web"), catalog.service_index("api")),
        (5, 5)
    );
}

#[test]
fn the_last_one_leaving_moves_the_index_of_the_name() {
    let mut catalog = catalog();
    catalog.put_service(2, "n", service("w1", "web"));
    catalog.put_service(3, "n", service("w2", "web"));
    assert!(catalog.remove_service(4, "n", "w1"));
    assert_eq!(
        (
            catalog.service_index("web"),
            catalog.instances("web", &[]).len()
        ),
        (4, 1)
    );
    assert!(catalog.remove_service(5, "n", "w2"));
    assert_eq!(
        (
            catalog.service_index("web"),
            catalog.instances("web", &[]).len()
        ),
        (5, 0)
    );
    assert!(!catalog.remove_service(6, "n", "w2"));
}

#[test]
fn a_service_that_changes_its_name_is_found_under_the_new_one_only() {
    let mut catalog = catalog();
    catalog.put_service(2, "n", service("w", "old"));
    catalog.put_service(3, "n", service("w", "new"));
    assert!(catalog.instances("old", &[]).is_empty());
    assert_eq!(catalog.instances("new", &[]).len(), 1);
    assert_eq!(catalog.service_index("old"), 3);
}

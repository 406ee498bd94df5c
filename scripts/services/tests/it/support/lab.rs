//! What is the same for the labs of Consul and etcd: three real servers, and the loss of their leader.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use services::testkit::program::{PATIENCE, Program};

use super::{Home, in_order, lives, me, said, signal, until};

/// What differs between the two.
pub struct Kind {
    /// `consul` or `etcd`.
    pub word: &'static str,
    /// What one of the three is called in a sentence.
    pub what: &'static str,
    pub names: [&'static str; 3],
    /// The variable that names the program.
    pub variable: &'static str,
    /// The servers of the cluster with this port.
    pub servers: fn(u16) -> Vec<u32>,
}

/// A port for the first of the three, with which all ports are free.
pub fn port(are_free: impl Fn(u16) -> bool) -> u16 {
    let random = RandomState::new().build_hasher().finish();
    let first = 20_500 + u16::try_from(random % 6_000).unwrap();
    let mut ports = (first..first + 900).step_by(4);
    ports.find(|port| are_free(*port)).unwrap()
}

impl Kind {
    pub fn start(&self, home: &Home, port: u16) -> Program {
        Program::start(home.command(&["cluster", self.word, "--port", &port.to_string()]))
    }

    /// `--kill-leader` to its end, which tells all of this in this order.
    pub fn measures_an_election(&self, port: u16, all: &[&str]) {
        let home = Home::new();
        let port_word = port.to_string();
        let out = home.good(&["cluster", self.word, "--kill-leader", "--port", &port_word]);
        in_order(&out, all);
        assert_eq!((self.servers)(port), Vec::<u32>::new());
        assert_eq!(home.folders(), Vec::<String>::new());
    }

    /// A lab whose leader is killed by hand: the lab, the name of the dead one, and the servers so far.
    pub fn loses_its_leader(&self, home: &Home, port: u16) -> (Program, String, Vec<u32>) {
        let lab = self.start(home, port);
        let words = lab.says("kill -9 ");
        let leader: u32 = words.split_whitespace().next().unwrap().parse().unwrap();
        lab.says("Ctrl-C ends all");
        let all = (self.servers)(port);
        assert_eq!(all.len(), 3);
        assert!(all.contains(&leader), "{leader} of {all:?}");
        signal("KILL", leader);
        let ended = loop {
            let line = lab.line().unwrap();
            if line.contains("was ended by signal 9") {
                break line;
            }
        };
        let (_, name) = ended.split_once(" s  ").unwrap();
        let (name, _) = name.split_once(':').unwrap();
        lab.says(" leads");
        (lab, name.to_owned(), all)
    }

    /// Starts that one again by its number. What stands in the line about it behind its name.
    pub fn starts_again(&self, lab: &mut Program, name: &str) -> String {
        let place = self.names.iter().position(|known| *known == name);
        lab.tell("nonsense");
        lab.tell(&(place.unwrap() + 1).to_string());
        lab.says(&format!("1, 2 or 3 starts that {} again", self.what));
        lab.says(&format!("{name} is started again"))
    }

    /// SIGTERM ends it and all that it has started.
    pub fn ends(&self, home: &Home, port: u16, mut lab: Program, mut all: Vec<u32>) {
        all.extend((self.servers)(port));
        lab.signal("TERM");
        lab.says("All three are ended.");
        assert!(lab.ends(PATIENCE).success());
        assert!(!all.into_iter().any(lives));
        assert_eq!(home.folders(), Vec::<String>::new());
    }

    /// A lab that is killed leaves nothing.
    pub fn is_killed(&self, home: &Home, port: u16, mut lab: Program) {
        lab.says(&format!("{} is started", self.names[2]));
        lab.signal("KILL");
        lab.ends(PATIENCE);
        until("the servers are gone", || (self.servers)(port).is_empty());
        until("their data is gone", || home.folders().is_empty());
    }

    /// With a program that is not there: `port` is refused because this test has `taken`, and `free` gets as far as
    /// the program.
    pub fn refuses(&self, port: u16, taken: &str, free: u16) {
        let home = Home::new();
        let missing = format!("/nowhere/{}", self.word);
        let at = |port: u16| {
            let mut command = home.command(&["cluster", self.word, "--port", &port.to_string()]);
            said(command.env(self.variable, &missing))
        };
        at(port)
            .code(2)
            .complains(&[&format!("{taken} is taken"), &me()]);
        at(free)
            .code(2)
            .complains(&[&format!("cannot start {missing}")]);
        assert_eq!(home.folders(), Vec::<String>::new());
    }
}

//! A program under test, on its command line: run to its end, or started, listened to, interrupted.
//! Nothing here waits for ever, and no program outlives the test that started it.
//!
//! Each function takes a [`Command`] or a `&mut Command`, because only a lesson's own tests know where
//! its binary is: `Command::new(env!("CARGO_BIN_EXE_l01-tcp"))`.

use std::borrow::BorrowMut;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// The time limit of every wait. Nothing takes longer, on a machine however busy; if it does,
/// something is broken.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Runs it to its end, with an empty standard input: whether it ended well, what it said on its
/// standard output, and what it said on its standard error.
///
/// # Panics
/// If it cannot be started, does not end within [`PATIENCE`], or says something that is no text.
#[track_caller]
pub fn run(mut command: impl BorrowMut<Command>) -> (bool, String, String) {
    let command = command.borrow_mut();
    command.stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = spawn(command);
    let out = child.stdout.take().map(all);
    let err = child.stderr.take().map(all);
    let ended = ended(&mut child, PATIENCE);
    let said = |all: Option<Receiver<Vec<u8>>>| {
        let bytes = all.and_then(|all| all.recv_timeout(PATIENCE).ok());
        String::from_utf8(bytes.expect("the end of its output")).expect("text")
    };
    let (out, err) = (said(out), said(err));
    match ended {
        Some(status) => (status.success(), out, err),
        None => panic!("it still ran after {PATIENCE:?}; it said:\n{out}\n{err}"),
    }
}

/// Runs a program, and returns its standard output.
///
/// # Panics
/// If it does not end well, with all that it said; and as [`run`] does.
#[track_caller]
pub fn output(command: impl BorrowMut<Command>) -> String {
    let (good, out, err) = run(command);
    assert!(good, "it failed; it said:\n{out}\n{err}");
    out
}

/// Checks that a text has all of these words in it.
///
/// # Panics
/// If some are missing, with the text.
#[track_caller]
pub fn has_all(text: &str, words: &[&str]) {
    for words in words {
        assert!(text.contains(words), "{words:?} is missing in\n{text}");
    }
}

/// The words of a command line as a person types it, without quotes: `typed("client --times 2 Ada")`.
pub fn typed(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

/// The program of a lesson, for the tests of its command line:
/// `const L01: Binary = Binary(env!("CARGO_BIN_EXE_l01-tcp"));`
#[derive(Clone, Copy, Debug)]
pub struct Binary(pub &'static str);

impl Binary {
    /// The program with these arguments. Panics in it come without a backtrace: some demos panic on purpose.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(self.0);
        command.args(args).env("RUST_BACKTRACE", "0");
        command
    }

    /// [`run`] with these arguments.
    ///
    /// # Panics
    /// As [`run`] does.
    #[track_caller]
    pub fn run(&self, args: &[&str]) -> (bool, String, String) {
        run(self.command(args))
    }

    /// Starts its command `server` on a free port, with more options.
    ///
    /// # Panics
    /// As [`Server::start`] does.
    #[track_caller]
    pub fn server(&self, more: &[&str]) -> Server {
        let mut command = self.command(&["server", "--addr", "127.0.0.1:0"]);
        Server::start(command.args(more))
    }

    /// Runs it; it must end well, and all of these words must be in its standard output, which is returned.
    ///
    /// # Panics
    /// If that is not so; and as [`run`] does.
    #[track_caller]
    pub fn tells(&self, args: &[&str], words: &[&str]) -> String {
        let (good, out, err) = self.run(args);
        assert!(good, "{args:?} failed:\n{out}\n{err}");
        has_all(&out, words);
        out
    }

    /// Runs it; it must fail, with these words in its standard error, which is returned.
    ///
    /// # Panics
    /// If that is not so; and as [`run`] does.
    #[track_caller]
    pub fn refuses(&self, args: &[&str], words: &str) -> String {
        let (good, out, err) = self.run(args);
        assert!(!good, "{args:?} ended well:\n{out}\n{err}");
        assert!(
            err.contains(words),
            "{args:?}: {words:?} is missing in\n{err}"
        );
        err
    }

    /// [`refuses`](Self::refuses) for each of these command lines as a person types them: words with spaces
    /// between them, without quotes. Behind each stand the words of its refusal.
    ///
    /// # Panics
    /// As [`refuses`](Self::refuses) does.
    #[track_caller]
    pub fn refuses_each(&self, lines: &[(&str, &str)]) {
        for (line, words) in lines {
            self.refuses(&typed(line), words);
        }
    }

    /// Checks that its help has all of these words, and no line that a narrow terminal would break.
    ///
    /// # Panics
    /// If that is not so; and as [`run`] does.
    #[track_caller]
    pub fn helps(&self, words: &[&str]) {
        let help = self.tells(&["--help"], words);
        let long = help.lines().find(|line| line.chars().count() > 100);
        assert_eq!(long, None);
    }

    /// Runs its command `server`, with more options, where another program listens: it must say so, name
    /// another one, this `port` for example, and nothing else.
    ///
    /// # Panics
    /// If that is not so; and as [`run`] does.
    #[track_caller]
    pub fn refuses_a_taken_port(&self, name: &str, port: u16, more: &[&str]) {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = taken.local_addr().expect("its address").to_string();
        let (good, out, err) = self.run(&[&["server", "--addr", &addr], more].concat());
        assert!(!good, "it took {addr} as well");
        let words = format!(
            "{name}: cannot listen on {addr}: another program listens there already. Stop it, or choose \
             another port, for example --addr 127.0.0.1:{port}\n"
        );
        assert_eq!((out.as_str(), err), ("", words));
    }

    /// Sends `INT` and `TERM` to a server that waits in the middle of what a client has sent: it must end at
    /// once, with success and without a word.
    ///
    /// # Panics
    /// If it does not.
    #[track_caller]
    pub fn ends_on_signals(&self, more: &[&str], half: &[u8]) {
        for signal in ["INT", "TERM"] {
            let mut server = self.server(more);
            let mut client = TcpStream::connect(server.addr).expect("a server");
            client.write_all(half).expect("a server that reads");
            server.program.signal(signal);
            let status = server.program.ends(Duration::from_secs(5));
            assert!(status.success(), "{more:?} {signal}: {status}");
            assert_eq!(server.program.rest(), [""; 0]);
        }
    }
}

/// Checks that a process is no more. `out` names it by its number, right after `words`.
///
/// # Panics
/// If it is still there, or `out` does not name it. Only Unix tells; elsewhere nothing is checked.
#[track_caller]
pub fn is_gone(out: &str, words: &str) {
    let (_, rest) = out.split_once(words).expect("a process with a number");
    let id: String = rest.chars().take_while(char::is_ascii_digit).collect();
    assert!(!id.is_empty(), "no number after {words:?} in\n{out}");
    if cfg!(unix) {
        // The signal 0 only asks whether the process is there.
        let mut kill = Command::new("kill");
        let there = kill.args(["-0", &id]).stderr(Stdio::null()).status();
        assert!(
            !there.expect("`kill` on the PATH").success(),
            "process {id} is still there"
        );
    }
}

/// A program that runs. It is ended with this value.
#[derive(Debug)]
pub struct Program {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Program {
    /// Starts it, with open standard input and output. Standard error goes where the command says.
    ///
    /// # Panics
    /// If it cannot be started.
    #[track_caller]
    pub fn start(mut command: impl BorrowMut<Command>) -> Self {
        let command = command.borrow_mut();
        let mut child = spawn(command.stdin(Stdio::piped()).stdout(Stdio::piped()));
        let input = child.stdin.take();
        let out = child.stdout.take().map(BufReader::new);
        let (said, lines) = mpsc::channel();
        // Reads on without being asked: a pipe that is full would stop the program.
        thread::spawn(move || {
            let lines = out.into_iter().flat_map(|out| out.lines());
            for line in lines.map_while(Result::ok) {
                // The test may have heard enough.
                let _ = said.send(line);
            }
        });
        Program {
            child,
            input,
            lines,
        }
    }

    /// Returns the id of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line that it says, without the line break; `None` when its output has ended.
    ///
    /// # Panics
    /// If neither comes within [`PATIENCE`].
    #[track_caller]
    pub fn line(&self) -> Option<String> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("it says nothing for {PATIENCE:?}"),
        }
    }

    /// Waits for the line that has these words in it; gives back what follows them in this line.
    ///
    /// # Panics
    /// If its output ends without them, or pauses for [`PATIENCE`].
    #[track_caller]
    pub fn says(&self, words: &str) -> String {
        let mut heard = String::new();
        while let Some(line) = self.line() {
            if let Some((_, rest)) = line.split_once(words) {
                return rest.to_string();
            }
            heard += &line;
            heard.push('\n');
        }
        panic!("it ended and never said `{words}`; it said:\n{heard}");
    }

    /// All lines until its output ends.
    ///
    /// # Panics
    /// If it does not end, and pauses for [`PATIENCE`].
    #[track_caller]
    pub fn rest(&self) -> Vec<String> {
        std::iter::from_fn(|| self.line()).collect()
    }

    /// Returns all of its standard error, if its command has `stderr(Stdio::piped())`. Call it after
    /// the end.
    ///
    /// # Panics
    /// If that goes elsewhere, or is no text.
    #[track_caller]
    pub fn errors(&mut self) -> String {
        let errors = self.child.stderr.take().expect("a pipe");
        std::io::read_to_string(errors).expect("text")
    }

    /// Writes a line to its standard input.
    ///
    /// # Panics
    /// If the program does not read any more.
    #[track_caller]
    pub fn tell(&mut self, line: &str) {
        let input = self.input.as_mut().expect("an input that is open");
        let told = writeln!(input, "{line}").and_then(|()| input.flush());
        told.expect("somebody who reads the input");
    }

    /// Ends its standard input.
    pub fn finish(&mut self) {
        self.input = None;
    }

    /// Sends it a signal: `INT` is Ctrl-C, `TERM` what other programs send. There is none on Windows.
    ///
    /// # Panics
    /// If it has ended already.
    #[track_caller]
    pub fn signal(&self, name: &str) {
        signal(self.id(), name);
    }

    /// Waits until it has ended by itself.
    ///
    /// # Panics
    /// If that takes longer than `limit`.
    #[track_caller]
    pub fn ends(&mut self, limit: Duration) -> ExitStatus {
        let ended = ended(&mut self.child, limit);
        ended.unwrap_or_else(|| panic!("it still ran after {limit:?}"))
    }

    /// The most memory that it has had, in bytes (`VmHWM`, proc(5)).
    ///
    /// # Panics
    /// If it has ended.
    #[cfg(target_os = "linux")]
    #[track_caller]
    pub fn most_memory(&self) -> u64 {
        most_memory(self.id())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program that serves. It is ended with this value.
#[derive(Debug)]
pub struct Server {
    /// The program itself.
    pub program: Program,
    /// Where it listens.
    pub addr: SocketAddr,
    /// The lines that it said before.
    pub said: Vec<String>,
}

impl Server {
    /// Starts it, and waits until it has said `listening on ADDR`.
    ///
    /// # Panics
    /// If it never says so.
    #[track_caller]
    pub fn start(command: impl BorrowMut<Command>) -> Self {
        let program = Program::start(command);
        let mut said = Vec::new();
        while let Some(line) = program.line() {
            if let Some(addr) = line.strip_prefix("listening on ") {
                let addr = addr.parse().expect("an address");
                return Server {
                    program,
                    addr,
                    said,
                };
            }
            said.push(line);
        }
        panic!("it ended before it listened; it said: {said:?}");
    }
}

/// Sends a process a signal, as [`Program::signal`] does.
///
/// # Panics
/// If it has ended already.
#[track_caller]
pub fn signal(id: u32, name: &str) {
    let mut kill = Command::new("kill");
    let sent = kill.args(["-s", name, &id.to_string()]).status();
    assert!(sent.expect("`kill` on the PATH").success(), "SIG{name}");
}

/// The most memory that a process has had, in bytes, as [`Program::most_memory`] tells it.
///
/// # Panics
/// If it has ended.
#[cfg(target_os = "linux")]
#[track_caller]
pub fn most_memory(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status"));
    let status = status.expect("a process that is there");
    crate::fuzz::peak(&status).expect("a process that has memory") * 1024
}

#[track_caller]
fn spawn(command: &mut Command) -> Child {
    match command.spawn() {
        Ok(child) => child,
        Err(error) => panic!("{:?} does not start: {error}", command.get_program()),
    }
}

/// Waits for its end. One that takes longer is killed.
fn ended(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let until = Instant::now() + limit;
    loop {
        let ended = child.try_wait().expect("a process of ours");
        if ended.is_some() {
            return ended;
        }
        if Instant::now() >= until {
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Reads everything on a thread of its own: a program that says much on one side and is only heard on
/// the other would wait for ever.
fn all(mut from: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (done, all) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What came before an error is worth as much as before an end.
        let _ = from.read_to_end(&mut bytes);
        let _ = done.send(bytes);
    });
    all
}

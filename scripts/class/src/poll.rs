//! Peer instruction: all vote alone, discuss with a neighbour, and vote again; then both results stand side by side.

use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use crate::course::Question;
use crate::protocol::Refusal;

/// Votes in one round, phones and learners together.
const VOTES: i64 = 1000;

/// Where a poll is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The first vote. No result is shown, so that no voter follows the majority.
    Vote,
    /// No vote; neighbours discuss.
    Discuss,
    /// The second vote.
    Again,
    /// Both results, and the right option.
    Shown,
    /// It is over.
    Closed,
}

impl Phase {
    fn word(self) -> &'static str {
        match self {
            Self::Vote => "vote",
            Self::Discuss => "discuss",
            Self::Again => "again",
            Self::Shown => "shown",
            Self::Closed => "closed",
        }
    }

    fn next(self) -> Self {
        match self {
            Self::Vote => Self::Discuss,
            Self::Discuss => Self::Again,
            Self::Again => Self::Shown,
            Self::Shown | Self::Closed => Self::Closed,
        }
    }

    /// The round in which a vote counts now.
    pub fn round(self) -> Option<i64> {
        match self {
            Self::Vote => Some(1),
            Self::Again => Some(2),
            _ => None,
        }
    }
}

/// The poll that is open.
pub struct Poll {
    /// Its number.
    pub id: i64,
    /// What is asked.
    pub question: Question,
    /// Where it is.
    pub phase: Phase,
    /// Votes of each option, in round 1 and in round 2.
    pub rounds: [Vec<i64>; 2],
}

/// Starts a poll; one that is open is closed.
pub fn start(connection: &Connection, question: &Question, now: i64) -> rusqlite::Result<()> {
    connection.execute("UPDATE polls SET phase = 'closed'", [])?;
    let question = serde_json::json!(question).to_string();
    let sql = "INSERT INTO polls (question, phase, at) VALUES (?1, 'vote', ?2)";
    connection.execute(sql, params![question, now]).map(|_| ())
}

/// Moves the open poll on, to `to` or to the next phase.
pub fn go_on(connection: &Connection, to: Option<Phase>) -> rusqlite::Result<()> {
    if let Some(poll) = current(connection)? {
        let next = to.unwrap_or(poll.phase.next()).word();
        connection.execute(
            "UPDATE polls SET phase = ?2 WHERE id = ?1",
            params![poll.id, next],
        )?;
    }
    Ok(())
}

/// The open poll with its votes.
pub fn current(connection: &Connection) -> rusqlite::Result<Option<Poll>> {
    let sql =
        "SELECT id, question, phase FROM polls WHERE phase <> 'closed' ORDER BY id DESC LIMIT 1";
    let found = connection
        .prepare_cached(sql)?
        .query_row([], |row| {
            Ok((
                row.get(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, String>(2)?,
            ))
        })
        .optional()?;
    let Some((id, question, phase)) = found else {
        return Ok(None);
    };
    let (Ok(question), Ok(phase)) = (
        serde_json::from_str::<Question>(&question),
        serde_json::from_value(phase.into()),
    ) else {
        return Ok(None);
    };
    let rounds = [
        votes(connection, id, 1, question.options.len())?,
        votes(connection, id, 2, question.options.len())?,
    ];
    Ok(Some(Poll {
        id,
        question,
        phase,
        rounds,
    }))
}

fn votes(
    connection: &Connection,
    poll: i64,
    round: i64,
    options: usize,
) -> rusqlite::Result<Vec<i64>> {
    let sql = "SELECT choice, COUNT(*) FROM votes WHERE poll = ?1 AND round = ?2 GROUP BY choice";
    let mut counted = connection.prepare_cached(sql)?;
    let mut counts = vec![0; options];
    for row in counted.query_map([poll, round], |row| {
        Ok((row.get::<_, u16>(0)?, row.get(1)?))
    })? {
        let (choice, count) = row?;
        if let Some(place) = counts.get_mut(usize::from(choice)) {
            *place = count;
        }
    }
    Ok(counts)
}

/// Takes a vote. As long as the round lasts, a second one of the same voter replaces the first.
pub fn vote(
    connection: &Connection,
    poll: i64,
    voter: &str,
    choice: u16,
) -> rusqlite::Result<Result<(), Refusal>> {
    let Some(open) = current(connection)? else {
        return Ok(Err(Refusal::NoPoll));
    };
    let Some(round) = open.phase.round().filter(|_| open.id == poll) else {
        return Ok(Err(Refusal::NoPoll));
    };
    if usize::from(choice) >= open.question.options.len() {
        return Ok(Err(Refusal::Absurd(
            "the poll has no such option".to_owned(),
        )));
    }
    let index = usize::try_from(round - 1).unwrap_or_default();
    if open.rounds[index].iter().sum::<i64>() >= VOTES {
        return Ok(Err(Refusal::Full("votes")));
    }
    let sql = "INSERT INTO votes VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET choice = excluded.choice";
    connection
        .prepare_cached(sql)?
        .execute(params![poll, round, voter, choice])?;
    Ok(Ok(()))
}

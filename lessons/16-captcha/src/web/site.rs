//! The pages. Each of them works without a script: links and one form.

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Form, Query, Request, State};
use axum::http::{Response, StatusCode};
use axum::response::{Html as Page, IntoResponse};
use serde::Deserialize;

use super::Shared;
use super::api::{Way, picture_url};
use super::errors::Problem;
use super::session::{Session, Visitor};
use super::template::Html;
use super::work::{Web, good_id, name};
use crate::pb::Kind;
use crate::rules::Decision;

const PAGE: &str = include_str!("pages/page.html");
const PROBLEM: &str = include_str!("pages/problem.html");

/// What stands above the form.
#[derive(Clone, Copy)]
enum Say {
    Nothing,
    /// Let in, just now or a while ago.
    In(&'static str),
    /// A wrong answer, or whatever is in the way.
    Trouble(Problem, &'static str),
}

const WELCOME: &str = "That is right: you are let in for ten minutes.";
const LET_IN: &str =
    "You are let in already: you have given a right answer in the last ten minutes.";
const HERE_IS_ANOTHER: &str = "Here is another one.";

/// The query of the page: the form of the captcha.
#[derive(Deserialize)]
pub struct CaptchaRequest {
    #[serde(default)]
    kind: Way,
}

/// `GET /`: the page, with a picture; `/?kind=question` asks in words.
pub async fn page(
    State(web): Shared,
    who: Visitor,
    wish: Result<Query<CaptchaRequest>, QueryRejection>,
) -> Response<Body> {
    // Coming from another site the browser keeps its cookie back. A question would be made for a session
    // that no browser has; our own page asks for the picture, with the cookie.
    let way = match wish {
        Ok(Query(wish)) if !who.session.led => wish.kind,
        _ => Way::Picture,
    };
    // The page is shown also if it is unknown whether this session was let in.
    let known = !who.session.fresh && web.passed(&who).await == Ok(true);
    let say = if known { Say::In(LET_IN) } else { Say::Nothing };
    show(&web, &who, way, say).await
}

#[derive(Deserialize)]
struct Answer {
    id: String,
    answer: String,
    #[serde(default)]
    kind: Way,
}

/// `POST /verify`: the form, answered with a page.
pub async fn verify(State(web): Shared, who: Visitor, request: Request) -> Response<Body> {
    let Form(Answer { id, answer, kind }) = match web.body(request).await {
        Ok(form) => form,
        Err(cause) => return problem(cause),
    };
    let next = match Session::renewed() {
        Ok(next) => next,
        Err(cause) => return problem(cause),
    };
    let decision = match good_id(&id) {
        Ok(id) => web.judge(&who, &next, id, &answer).await,
        Err(cause) => Err(cause),
    };
    let say = match decision {
        Ok(Decision::Welcome) => Say::In(WELCOME),
        Ok(Decision::Wrong) => Say::Trouble(Problem::Wrong, HERE_IS_ANOTHER),
        Ok(Decision::Stale) => Say::Trouble(Problem::Stale, HERE_IS_ANOTHER),
        Ok(Decision::TryLater) => Say::Trouble(Problem::Unavailable, ""),
        Err(cause) => Say::Trouble(cause, ""),
    };
    let page = show(&web, &who, kind, say).await;
    match decision {
        Ok(Decision::Welcome) => next.put(page),
        _ => page,
    }
}

/// The page with a new captcha on it, unless a right answer has just been given.
async fn show(web: &Web, who: &Visitor, way: Way, say: Say) -> Response<Body> {
    if matches!(say, Say::In(WELCOME)) {
        return whole(web, way, say, Captcha::default());
    }
    match captcha(web, who, way).await {
        Ok(captcha) => whole(web, way, say, captcha),
        // What has just become of an answer matters more than that the next question does not come.
        Err(cause) if matches!(say, Say::Nothing) => {
            whole(web, way, Say::Trouble(cause, ""), Captcha::default())
        }
        Err(_) => whole(web, way, say, Captcha::default()),
    }
}

/// What a person is to answer; without an id there is nothing.
#[derive(Default)]
struct Captcha {
    id: String,
    question: String,
}

async fn captcha(web: &Web, who: &Visitor, way: Way) -> Result<Captcha, Problem> {
    let id = name()?;
    let question = match way {
        // It is made when the browser asks for the picture.
        Way::Picture => String::new(),
        Way::Question => web.make(who, &id, Kind::Question).await?.question,
    };
    Ok(Captcha { id, question })
}

fn whole(web: &Web, way: Way, say: Say, captcha: Captcha) -> Response<Body> {
    let (tone, words, more, title) = match say {
        Say::Nothing => ("", "", "", ""),
        Say::In(words) => ("good", words, "", "You are in: "),
        Say::Trouble(cause, more) => ("bad", cause.words(), more, "Not yet: "),
    };
    let asked = !captcha.id.is_empty();
    // With a verdict, the next key belongs to the next answer; at first, to the page as a whole.
    let focus = if asked && tone == "bad" {
        "autofocus"
    } else {
        ""
    };
    let is = |yes: bool| Html::text(if yes { "" } else { "hidden" });
    let source = match (asked, way) {
        (true, Way::Picture) => picture_source(&captcha.id),
        _ => Html::default(),
    };
    let (kind, label) = match way {
        Way::Picture => ("picture", "The four digits"),
        Way::Question => ("question", "Your answer, in digits"),
    };
    let text = Html::text;
    let page = Html::fill(
        PAGE,
        &[
            ("title", text(title)),
            ("tone", text(tone)),
            ("words", text(words)),
            ("more", text(more)),
            ("form", is(asked)),
            ("id", text(&captcha.id)),
            ("kind", text(kind)),
            ("picture", is(way == Way::Picture)),
            ("source", source),
            ("words-of-it", is(way == Way::Question)),
            ("question", text(&captcha.question)),
            ("label", text(label)),
            ("focus", text(focus)),
            ("other-way", is(way == Way::Picture)),
            ("this-way", is(way == Way::Question)),
            ("again", text(again(way))),
            ("whose", whose(&web.settings.whose)),
        ],
    );
    let page = Page(page.into_string());
    match say {
        Say::Trouble(cause, _) => cause.around(page),
        _ => (StatusCode::OK, page).into_response(),
    }
}

fn picture_source(id: &str) -> Html {
    Html::fill(r#"src="{{url}}""#, &[("url", Html::text(&picture_url(id)))])
}

/// Where a new one of the same kind is.
fn again(way: Way) -> &'static str {
    match way {
        Way::Picture => "/",
        Way::Question => "/?kind=question",
    }
}

/// Which parts are the learner's own, if any.
fn whose(parts: &[(&'static str, bool)]) -> Html {
    let names = |own: bool| {
        let names = parts.iter().filter(|(_, theirs)| *theirs == own);
        let name = |(name, _): &(&str, bool)| {
            Html::fill(
                "<li><code>{{name}}</code></li>",
                &[("name", Html::text(name))],
            )
        };
        Html::join(names.map(name))
    };
    if !parts.iter().any(|(_, own)| *own) {
        return Html::default();
    }
    let rest = match parts.iter().all(|(_, own)| *own) {
        true => Html::default(),
        false => Html::fill(
            "<p>The rest is the workbook's own code:</p><ul>{{names}}</ul>",
            &[("names", names(false))],
        ),
    };
    Html::fill(
        r#"<section id="whose"><h2>Your own code runs this site</h2><p>Your answers to these exercises:</p><ul class="own">{{own}}</ul>{{rest}}</section>"#,
        &[("own", names(true)), ("rest", rest)],
    )
}

/// A page for what has no captcha on it.
pub fn problem(cause: Problem) -> Response<Body> {
    let page = Html::fill(PROBLEM, &[("words", Html::text(cause.words()))]);
    cause.around(Page(page.into_string()))
}

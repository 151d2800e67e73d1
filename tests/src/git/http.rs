//! The handler that runs `git http-backend` as RFC 3875 says.

use std::process::Stdio;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request as HttpRequest, State as Extracted};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header, response};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures::StreamExt as _;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::{Request, Shared, State, Who};

const SERVICES: [&str; 3] = ["/info/refs", "/git-upload-pack", "/git-receive-pack"];

pub(super) fn router(state: Arc<State>) -> Router {
    Router::new().fallback(serve).with_state(state)
}

async fn serve(Extracted(state): Extracted<Arc<State>>, request: HttpRequest) -> Response {
    let path = request.uri().path().to_owned();
    let Some(service) = SERVICES.into_iter().find(|service| path.ends_with(service)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let host = host.unwrap_or_default();
    let Some(repo) = path
        .strip_suffix(service)
        .and_then(|path| state.find(host, path))
    else {
        return (StatusCode::NOT_FOUND, "Repository not found.").into_response();
    };
    let credentials = credentials(request.headers());
    let mut seen = Request {
        method: request.method().to_string(),
        path: service.to_owned(),
        query: request.uri().query().unwrap_or_default().to_owned(),
        user: credentials.as_ref().map(|(user, _)| user.clone()),
        status: 0,
    };
    let answer = match refusal(&repo, &seen, credentials.as_ref()) {
        Some(refusal) => refusal,
        None => run(&repo, &seen, request).await.unwrap_or_else(|error| {
            (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}")).into_response()
        }),
    };
    seen.status = answer.status().as_u16();
    repo.requests().push(seen);
    answer
}

fn credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let text = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Basic ")?;
    let text = String::from_utf8(BASE64_STANDARD.decode(text).ok()?).ok()?;
    text.split_once(':')
        .map(|(user, password)| (user.to_owned(), password.to_owned()))
}

/// The answer to somebody who may not do this.
fn refusal(
    repo: &Shared,
    request: &Request,
    credentials: Option<&(String, String)>,
) -> Option<Response> {
    let access = repo.access();
    let pushes = format!("{}?{}", request.path, request.query).contains("git-receive-pack");
    let known = credentials.is_some_and(|given| access.users.contains(given));
    let allowed = match if pushes { access.push } else { access.read } {
        Who::Anybody => credentials.is_none() || access.users.is_empty() || known,
        Who::Users => known,
    };
    (!allowed).then(|| {
        let realm = [(header::WWW_AUTHENTICATE, "Basic realm=\"Git\"")];
        (StatusCode::UNAUTHORIZED, realm, "Authentication failed.").into_response()
    })
}

async fn run(repo: &Shared, seen: &Request, request: HttpRequest) -> Result<Response> {
    let (head, body) = request.into_parts();
    let header = |name: &str| {
        let value = head.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    };
    let mut backend = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", &repo.folder)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", &seen.path)
        .env("REQUEST_METHOD", &seen.method)
        .env("QUERY_STRING", &seen.query)
        .env("CONTENT_TYPE", header("content-type"))
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        .env("REMOTE_USER", seen.user.as_deref().unwrap_or("anonymous"))
        .env("REMOTE_ADDR", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("cannot start git")?;
    let input = backend.stdin.take().context("git has no input")?;
    let output = backend.stdout.take().context("git has no output")?;
    // Apart, since git may answer before it has read everything.
    let feeder = tokio::spawn(feed(input, body));
    let answer = answer(BufReader::new(output), backend).await;
    if answer.is_err() {
        feeder.abort();
    }
    answer
}

async fn feed(mut input: ChildStdin, body: Body) -> Result<()> {
    let mut body = body.into_data_stream();
    while let Some(chunk) = body.next().await {
        input.write_all(&chunk?).await?;
    }
    input.shutdown().await?;
    Ok(())
}

/// The head that the program printed as a response's head, and the rest of its output as the body.
async fn answer(mut output: BufReader<ChildStdout>, backend: Child) -> Result<Response> {
    let mut head = Response::builder().status(StatusCode::OK);
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).await? == 0 {
            bail!("git http-backend ended without an answer");
        }
        match line.trim_end().split_once(':') {
            Some((name, value)) => head = note(head, name, value.trim())?,
            None => break,
        }
    }
    let rest = futures::stream::unfold((output, backend), |(mut output, backend)| async move {
        let mut chunk = vec![0; 64 * 1024];
        match output.read(&mut chunk).await {
            Ok(0) => None,
            Ok(length) => {
                chunk.truncate(length);
                Some((Ok(Bytes::from(chunk)), (output, backend)))
            }
            Err(error) => Some((Err(error), (output, backend))),
        }
    });
    Ok(head.body(Body::from_stream(rest))?)
}

fn note(head: response::Builder, name: &str, value: &str) -> Result<response::Builder> {
    if name.eq_ignore_ascii_case("status") {
        let code = value.split_whitespace().next().unwrap_or_default();
        return Ok(head.status(code.parse::<u16>()?));
    }
    Ok(head.header(name, HeaderValue::from_str(value)?))
}

//! Many who ask for the same kind of thing at once share the work.
//!
//! The first who asks starts a round. Who asks while it runs waits for the next, which answers all
//! of them together: so an answer is never older than its question.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// Questions that wait, and the turn to answer them.
pub(super) struct Rounds<Q, A> {
    waiting: Mutex<Vec<Asked<Q, A>>>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

struct Asked<Q, A> {
    question: Q,
    answer: oneshot::Sender<A>,
}

impl<Q, A> Default for Rounds<Q, A> {
    fn default() -> Self {
        Self {
            waiting: Mutex::default(),
            turn: Arc::default(),
        }
    }
}

impl<Q: Send + 'static, A: Send + 'static> Rounds<Q, A> {
    /// Asks, and waits for the answer. `round` answers all questions that wait, in their order; it
    /// is cancelled when nobody waits any more. Nothing comes back if it panics.
    pub(super) async fn ask<R, F>(&self, question: Q, round: R) -> Option<A>
    where
        R: FnOnce(Vec<Q>, CancellationToken) -> F + Send + 'static,
        F: Future<Output = Vec<A>> + Send + 'static,
    {
        let (answer, mut reply) = oneshot::channel();
        self.lock().push(Asked { question, answer });
        let turn = tokio::select! {
            biased;
            reply = &mut reply => return reply.ok(),
            turn = Arc::clone(&self.turn).lock_owned() => turn,
        };
        let mut asked = std::mem::take(&mut *self.lock());
        asked.retain(|asked| !asked.answer.is_closed());
        if !asked.is_empty() {
            // A task of its own: who asked first may lose interest while others wait.
            tokio::spawn(async move {
                let _turn = turn;
                answer_all(asked, round).await;
            });
        }
        reply.await.ok()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Asked<Q, A>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer_all<Q, A, R, F>(asked: Vec<Asked<Q, A>>, round: R)
where
    R: FnOnce(Vec<Q>, CancellationToken) -> F,
    F: Future<Output = Vec<A>>,
{
    let cancel = CancellationToken::new();
    let (questions, mut replies): (Vec<Q>, Vec<oneshot::Sender<A>>) = asked
        .into_iter()
        .map(|asked| (asked.question, asked.answer))
        .unzip();
    let answers = {
        let nobody_waits =
            futures::future::join_all(replies.iter_mut().map(|reply| reply.closed()));
        let work = round(questions, cancel.clone());
        tokio::pin!(work);
        tokio::select! {
            answers = &mut work => answers,
            _ = nobody_waits => {
                cancel.cancel();
                work.await
            }
        }
    };
    for (reply, answer) in replies.into_iter().zip(answers) {
        // Who does not wait any more needs no answer.
        let _ = reply.send(answer);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn who_asks_during_a_round_shares_the_next() {
        let rounds = Arc::new(Rounds::<u32, (usize, u32)>::default());
        let count = Arc::new(AtomicUsize::new(0));
        let go = Arc::new(Notify::new());
        let ask = |question| {
            let (rounds, count, go) = (rounds.clone(), count.clone(), go.clone());
            tokio::spawn(async move {
                let round = |questions: Vec<u32>, _| async move {
                    let round = count.fetch_add(1, Ordering::SeqCst);
                    go.notified().await;
                    questions
                        .into_iter()
                        .map(|question| (round, question))
                        .collect()
                };
                rounds.ask(question, round).await
            })
        };
        let first = ask(0);
        while count.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        let others: Vec<_> = (1..50).map(&ask).collect();
        while rounds.lock().len() < 49 {
            tokio::task::yield_now().await;
        }
        go.notify_one();
        assert_eq!(first.await.unwrap(), Some((0, 0)));
        go.notify_one();
        for (question, other) in (1..50).zip(others) {
            assert_eq!(other.await.unwrap(), Some((1, question)));
        }
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_round_that_nobody_waits_for_is_cancelled() {
        let rounds = Arc::new(Rounds::<u32, ()>::default());
        let ended = Arc::new(Notify::new());
        let tell = ended.clone();
        let round = |_: Vec<u32>, cancel: CancellationToken| async move {
            cancel.cancelled().await;
            tell.notify_one();
            Vec::new()
        };
        let asked = tokio::time::timeout(Duration::from_millis(10), rounds.ask(1, round)).await;
        assert!(asked.is_err());
        tokio::time::timeout(Duration::from_secs(5), ended.notified())
            .await
            .unwrap();
    }
}

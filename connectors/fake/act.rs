//! One attempt on the fake, with the fault that was commanded for it.

use std::future::pending;

use countersign_contract::{Doubt, Hands, Outcome, Receipt, Refusal, RefusalClass, Warrant, clock};

use crate::client::refuse;
use crate::{Fake, Fault, lock};

impl Fake {
    pub(crate) async fn attempt(&self, warrant: Warrant, hands: Hands, fault: Option<Fault>) -> Receipt {
        match fault {
            None => self.plainly(warrant, hands),
            Some(Fault::FailBefore) => warrant.settle(doubt()),
            Some(Fault::FailAfter) => self.plainly(warrant, hands).doubted(a_doubt()),
            Some(Fault::HangBefore) => never(warrant).await,
            Some(Fault::HangAfter) => never(self.plainly(warrant, hands)).await,
            Some(Fault::Refuse(refusal)) => warrant.settle(Outcome::Refused(refusal)),
            Some(Fault::PanicBefore) => std::panic::panic_any("commanded before the change"),
            Some(Fault::PanicAfter) => {
                let _receipt = self.plainly(warrant, hands);
                std::panic::panic_any("commanded after the change")
            }
            Some(Fault::Stash) => {
                lock(&self.stash).push(warrant);
                pending().await
            }
            Some(Fault::Drop) => {
                drop(warrant);
                pending().await
            }
            Some(Fault::AnswerForAnother) => self.answer_for_another(warrant).await,
            Some(Fault::Slow(delay)) => {
                tokio::time::sleep(delay).await;
                self.plainly(warrant, hands)
            }
        }
    }

    fn plainly(&self, warrant: Warrant, hands: Hands) -> Receipt {
        let outcome = match self.change(&warrant, &hands) {
            Ok(outcome) => outcome,
            Err(refusal) => Outcome::Refused(refusal),
        };
        drop(hands);
        warrant.settle(outcome)
    }

    fn change(&self, warrant: &Warrant, hands: &Hands) -> Result<Outcome, Refusal> {
        let intent = warrant.intent();
        let verb = self.manifest.verb(&intent.call.verb);
        let verb = verb.filter(|verb| verb.kind == intent.call.resource.kind());
        let verb = verb.ok_or_else(|| refuse(RefusalClass::Permanent, "fake.no_verb", "there is no such verb"))?;
        verb.check(&intent.call)?;
        let key = if intent.call.materials.contains_key("key") {
            let opened = hands.material("key");
            Some(opened.map_err(|error| refuse(RefusalClass::Permanent, "fake.material", &error.to_string()))?)
        } else {
            None
        };
        if clock::now() >= warrant.deadline() {
            return Err(refuse(RefusalClass::Transient, "fake.deadline", "the deadline has passed"));
        }
        self.target.apply(intent, key.as_ref()).map(Outcome::Done)
    }

    async fn answer_for_another(&self, warrant: Warrant) -> Receipt {
        let another = {
            let mut stash = lock(&self.stash);
            let another = stash.pop();
            stash.push(warrant);
            another
        };
        match another {
            Some(another) => another.settle(doubt()),
            None => pending().await,
        }
    }
}

/// Holds on to `kept` and never answers.
async fn never<T>(kept: T) -> Receipt {
    let _kept = kept;
    pending().await
}

fn a_doubt() -> Doubt {
    Doubt { code: "fake.doubt".to_owned(), message: "a commanded failure".to_owned() }
}

fn doubt() -> Outcome {
    Outcome::Indeterminate(a_doubt())
}

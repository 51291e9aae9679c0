//! `portcullis check`: the main job.

use super::Exit;
use super::args::{CheckArgs, JudgeArgs};
use super::{output, record};
use crate::gate::{self, BaseChoice, GateError, Judged, Request};
use crate::model::Recorded;
use crate::report::Format;
use crate::sys::Sys;
use std::path::{Path, PathBuf};

pub(super) fn run(sys: &dyn Sys, args: &CheckArgs) -> Exit {
    let judged = args.commit.clone().map_or(Judged::WorkTree, Judged::Commit);
    judge(sys, args, &Request { judged, ..request(&args.targets, &args.judge) })
}

/// Judges and reports: the one way from a request to an exit code, for `check` and for the hooks.
pub(super) fn judge(sys: &dyn Sys, args: &CheckArgs, request: &Request) -> Exit {
    let plan = match output::plan(args) {
        Ok(plan) => plan,
        Err(why) => {
            output::complain(sys, &why, "");
            return Exit::Usage;
        }
    };
    let subject = record::Subject {
        target: args.targets.first().map_or(Path::new("."), PathBuf::as_path),
        commit: match &request.judged {
            Judged::WorkTree => None,
            Judged::Commit(rev) => Some(rev),
        },
        keeps_proposal: plan.iter().any(|to| to.format == Format::Json),
    };
    let (verdict, account) = record::around(sys, &args.record, &subject, || gate::run(sys, request));
    let shown = account.show_new_key(sys);
    match verdict {
        Ok(verdict) => {
            let recorded = Recorded { unwritten: shown != Exit::Yes, ..account.recorded.clone() };
            let written = output::write_all(sys, args, &plan, &verdict, &recorded);
            let recorded = account.complain(sys);
            Exit::from(verdict.outcome()).worse(written).worse(shown).worse(recorded)
        }
        // What the user has to call differently comes first: the record fails for the same reason, or is asked for again.
        Err(e) => match refuse(sys, &e) {
            Exit::Usage => Exit::Usage,
            exit => exit.worse(shown).worse(account.complain(sys)),
        },
    }
}

/// What the gate is asked for.
pub(super) fn request(targets: &[PathBuf], args: &JudgeArgs) -> Request {
    Request {
        feeds: args.feed.clone(),
        policy: args.policy.clone(),
        base: args.base.clone().map_or(BaseChoice::Detect, BaseChoice::Rev),
        fail_on: args.fail_on,
        online: args.online,
        resolve: args.resolve.into(),
        ..Request::of(targets)
    }
}

/// Says why there is no verdict.
pub(super) fn refuse(sys: &dyn Sys, error: &GateError) -> Exit {
    output::complain(sys, error, &error.help());
    if error.is_usage() { Exit::Usage } else { Exit::CannotTell }
}

use clap::{CommandFactory as _, Parser as _};

use super::*;

/// Settings and operation of a command line without the environment's help.
fn meaning(arguments: &[&str]) -> (Settings, Operation) {
    let words = std::iter::once("argosy").chain(arguments.iter().copied());
    CommandLine::try_parse_from(words).unwrap().run.meaning()
}

#[test]
fn the_command_line_is_consistent() {
    CommandLine::command().debug_assert();
}

#[test]
fn every_flag_of_the_server_has_a_variable_of_its_name() {
    for argument in CommandLine::command().get_arguments() {
        let name = argument.get_id().as_str();
        if ["help", "version"].contains(&name) {
            continue;
        }
        let variable = argument.get_env().and_then(|variable| variable.to_str());
        assert_eq!(
            variable,
            Some(format!("ARGOSY_{}", name.to_uppercase()).as_str()),
            "--{name}"
        );
    }
}

#[test]
fn a_shard_has_a_lease_of_its_own() {
    assert_eq!(meaning(&[]).1.lease.as_deref(), Some("argosy"));
    let (settings, operation) = meaning(&["--shard=east", "--default-shard"]);
    assert_eq!(operation.lease.as_deref(), Some("argosy-east"));
    assert!(settings.shard.owns(None) && settings.shard.owns(Some("east")));
    assert_eq!(meaning(&["--leader-election=false"]).1.lease, None);
}

#[test]
fn what_is_typed_is_checked() {
    let refused = |argument: &str| CommandLine::try_parse_from(["argosy", argument]).is_err();
    for argument in [
        "--mirror=ghcr.io",
        "--registry-rate=0",
        "--min-interval=5",
        "--git-author=me",
        "--default-shard",
        "--otlp-headers=x y=z",
        "--push-policy=Sometimes",
    ] {
        assert!(refused(argument), "{argument}");
    }
    let (settings, _) = meaning(&[
        "--min-interval=1m30s",
        "--push-policy=AlwaysMerge",
        "--mirror=a=b,c=d",
    ]);
    assert_eq!(settings.least_interval.as_secs(), 90);
    assert_eq!(settings.push_policy, PushPolicy::AlwaysMerge);
    assert_eq!(settings.mirrors.rewrite("c/x"), "d/x");
}

#[test]
fn a_secret_header_is_not_shown() {
    let line =
        CommandLine::try_parse_from(["argosy", "--otlp-headers=authorization=hunter2"]).unwrap();
    assert!(!format!("{line:?}").contains("hunter2"));
}

#[test]
fn the_help_is_documented() {
    let mut text = String::from("\n");
    let mut add = |title: &str, command: &mut clap::Command| {
        let help = command.render_long_help().to_string();
        let help: Vec<&str> = help.trim().lines().map(str::trim_end).collect();
        text += &format!("## `{title}`\n\n```text\n{}\n```\n\n", help.join("\n"));
    };
    let mut root = CommandLine::command().term_width(100);
    root.build();
    // What the environment says now does not belong into the page.
    let plain =
        |command: clap::Command| command.mut_args(|argument| argument.hide_env_values(true));
    let root = plain(root).mut_subcommands(plain);
    add("argosy", &mut root.clone());
    for name in ["apply", "crds", "version"] {
        let mut command = root.find_subcommand(name).unwrap().clone();
        add(&format!("argosy {name}"), &mut command);
    }
    crate::keep::keep("argosy.md", &text);
}

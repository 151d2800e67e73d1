//! The command line. What was typed becomes [`Settings`] here, and nobody else looks at flags.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use argosy_api::GoDuration;
use clap::{ArgAction, Args, Parser, Subcommand};

use crate::apply::{self, Input};
use crate::run::{self, Operation};
use crate::secret::Secret;
use crate::settings::{Author, PushPolicy, Settings, Shard};
use crate::telemetry::traces::Collector;
use crate::telemetry::{self, LogFormat};
use crate::{mirrors, version};

/// Promotes releases between stages, inside Argo CD.
///
/// Without a command, `argosy` runs everything: the controllers that watch repositories, make Freight, promote it and
/// look after health, and the listener for probes and metrics. Start as many replicas as you like; one at a time does
/// the work, and the others stand by.
#[derive(Debug, Parser)]
#[command(
    name = "argosy",
    version = version::LINE,
    args_conflicts_with_subcommands = true,
    max_term_width = 100,
    after_help = "Every flag can be given as an environment variable; a flag counts more.\n\
                  The cluster is the one that KUBECONFIG, ~/.kube/config or the pod's service account names."
)]
pub struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: Box<RunArgs>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run everything; the same as no command at all.
    Run(Box<RunArgs>),
    /// Apply manifests in the right order: Projects first, then what lives in their namespaces.
    Apply(ApplyArgs),
    /// Print the custom resource definitions, for `kubectl apply --server-side -f -`.
    Crds,
    /// Print versions: of this program, of the CRDs it serves, and of the programs that steps run.
    Version(ToolArgs),
}

#[derive(Args, Debug)]
struct RunArgs {
    #[command(flatten)]
    places: PlaceArgs,
    #[command(flatten)]
    sources: SourceArgs,
    #[command(flatten)]
    git: GitArgs,
    #[command(flatten)]
    tools: ToolArgs,
    #[command(flatten)]
    controllers: ControllerArgs,
    #[command(flatten)]
    replicas: ReplicaArgs,
    #[command(flatten)]
    observation: ObservationArgs,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Places")]
struct PlaceArgs {
    /// Namespace that Argosy runs in: its lease, and its own secrets.
    #[arg(
        long,
        env = "ARGOSY_NAMESPACE",
        value_name = "NAME",
        default_value = "argosy"
    )]
    namespace: String,
    /// Namespace of the Argo CD Applications that a step names without one.
    #[arg(
        long,
        env = "ARGOSY_ARGOCD_NAMESPACE",
        value_name = "NAME",
        default_value = "argocd"
    )]
    argocd_namespace: String,
    /// Namespace of credentials that serve every project.
    #[arg(
        long,
        env = "ARGOSY_SHARED_NAMESPACE",
        value_name = "NAME",
        default_value = "kargo-shared-resources"
    )]
    shared_namespace: String,
    /// Folder for copies of Git repositories and for the work of running promotions. On a volume that outlives the
    /// pod, a promotion goes on at the step it was at.
    #[arg(
        long,
        env = "ARGOSY_DATA_DIR",
        value_name = "DIR",
        default_value = "/var/lib/argosy"
    )]
    data_dir: PathBuf,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Registries and repositories")]
struct SourceArgs {
    /// Reach addresses that begin with FROM at TO instead, for sites without a way to the internet:
    /// `ghcr.io=registry.example.com/ghcr`. May be repeated; the longest match counts.
    #[arg(
        long = "mirror",
        env = "ARGOSY_MIRRORS",
        value_name = "FROM=TO",
        value_delimiter = ','
    )]
    mirrors: Vec<mirrors::Mirror>,
    /// Requests a second to one registry, at most.
    #[arg(long, env = "ARGOSY_REGISTRY_RATE", value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    registry_rate: u32,
    /// Look for new artifacts no more often than this, whatever a Warehouse's `interval` says. 0s: as it says.
    #[arg(long, env = "ARGOSY_MIN_INTERVAL", value_name = "DURATION", default_value = "0s", value_parser = duration)]
    min_interval: Duration,
    /// Send credentials to `http://` addresses as well, where everybody on the way can read them.
    #[arg(long, env = "ARGOSY_ALLOW_CREDENTIALS_OVER_HTTP")]
    allow_credentials_over_http: bool,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Git")]
struct GitArgs {
    /// Author of commits where nothing nearer names one.
    #[arg(
        long,
        env = "ARGOSY_GIT_AUTHOR",
        value_name = "NAME <EMAIL>",
        default_value = "Kargo <no-reply@kargo.io>"
    )]
    git_author: Author,
    /// What to do when a push finds that the branch has moved.
    #[arg(
        long,
        env = "ARGOSY_PUSH_POLICY",
        value_name = "POLICY",
        value_enum,
        default_value_t
    )]
    push_policy: PushPolicy,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Programs")]
struct ToolArgs {
    /// The program for `kustomize-build`.
    #[arg(
        long,
        env = "ARGOSY_KUSTOMIZE",
        value_name = "PATH",
        default_value = "kustomize"
    )]
    kustomize: PathBuf,
    /// The program for `helm-template`.
    #[arg(long, env = "ARGOSY_HELM", value_name = "PATH", default_value = "helm")]
    helm: PathBuf,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Controllers")]
struct ControllerArgs {
    /// Name of this installation.
    #[arg(
        long,
        env = "ARGOSY_CONTROLLER_NAME",
        value_name = "NAME",
        default_value = "argosy"
    )]
    controller_name: String,
    /// Objects of a kind that are worked on at a time. Steps of promotions run beside, and do not count.
    #[arg(long, env = "ARGOSY_CONCURRENCY", value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..))]
    concurrency: u16,
    /// Look after the objects whose `spec.shard` is this, and no others.
    #[arg(long, env = "ARGOSY_SHARD", value_name = "NAME")]
    shard: Option<String>,
    /// With `--shard`: look after the objects without a shard as well.
    #[arg(long, env = "ARGOSY_DEFAULT_SHARD", requires = "shard")]
    default_shard: bool,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Replicas")]
struct ReplicaArgs {
    /// Whether replicas agree on one that does the work. `false` only if there is a single replica, ever.
    #[arg(long, env = "ARGOSY_LEADER_ELECTION", value_name = "BOOL", default_value_t = true, action = ArgAction::Set)]
    leader_election: bool,
    /// Name of the lease on which they agree. Default: `argosy`, or `argosy-SHARD`.
    #[arg(long, env = "ARGOSY_LEASE_NAME", value_name = "NAME")]
    lease_name: Option<String>,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Observation")]
struct ObservationArgs {
    /// Address of the listener for probes and metrics.
    #[arg(
        long,
        env = "ARGOSY_ADMIN_ADDR",
        value_name = "ADDR",
        default_value = "0.0.0.0:8081"
    )]
    admin_addr: SocketAddr,
    /// What is logged: `error`, `warn`, `info`, `debug`, `trace`, with exceptions such as `info,argosy::git=debug`.
    #[arg(
        long,
        env = "ARGOSY_LOG_LEVEL",
        value_name = "LEVEL",
        default_value = "info"
    )]
    log_level: String,
    /// How a line of the log looks.
    #[arg(
        long,
        env = "ARGOSY_LOG_FORMAT",
        value_name = "FORMAT",
        value_enum,
        default_value_t
    )]
    log_format: LogFormat,
    /// Send traces of promotions to this OpenTelemetry collector (OTLP over HTTP): `http://collector:4318`.
    #[arg(long, env = "ARGOSY_OTLP_ENDPOINT", value_name = "URL")]
    otlp_endpoint: Option<String>,
    /// Headers for the collector: `name=value`, by comma.
    #[arg(long, env = "ARGOSY_OTLP_HEADERS", value_name = "LIST", hide_env_values = true, value_delimiter = ',', value_parser = header)]
    otlp_headers: Vec<Header>,
}

#[derive(Args, Debug)]
struct ApplyArgs {
    /// A file, a folder, or `-` for standard input. May be repeated.
    #[arg(
        short = 'f',
        long = "filename",
        value_name = "FILE|DIR|-",
        required = true
    )]
    files: Vec<PathBuf>,
    /// Also the folders within folders.
    #[arg(short = 'R', long)]
    recursive: bool,
    /// Namespace of objects that name none. Default: the kubeconfig's.
    #[arg(short = 'n', long, value_name = "NAME")]
    namespace: Option<String>,
}

/// Name and value of a header. The value may be a token, so this shows nothing of it.
#[derive(Clone)]
struct Header(String, Secret);

impl std::fmt::Debug for Header {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl CommandLine {
    /// Does what the command line asks for.
    ///
    /// # Errors
    /// If it could not be done; the text is for people.
    pub async fn execute(self) -> anyhow::Result<()> {
        match self.carry_out().await {
            // Whoever reads the output has seen enough: `argosy crds | head`.
            Err(error) if is_broken_pipe(&error) => Ok(()),
            result => result,
        }
    }

    async fn carry_out(self) -> anyhow::Result<()> {
        let Self { command, run } = self;
        match command.unwrap_or(Command::Run(run)) {
            Command::Run(args) => args.execute().await,
            Command::Apply(ApplyArgs {
                files,
                recursive,
                namespace,
            }) => {
                telemetry::start("warn", LogFormat::Text)?;
                apply::execute(
                    Input {
                        files,
                        recursive,
                        namespace,
                    },
                    &mut std::io::stdout(),
                )
                .await
            }
            Command::Crds => version::crds(&mut std::io::stdout()),
            Command::Version(ToolArgs { kustomize, helm }) => {
                version::tell(&kustomize, &helm, &mut std::io::stdout()).await
            }
        }
    }
}

impl RunArgs {
    async fn execute(self) -> anyhow::Result<()> {
        let (settings, operation) = self.meaning();
        run::run(settings, operation).await
    }

    /// Turns what was typed into what is meant. Destructured whole, so that a flag without effect does not compile.
    fn meaning(self) -> (Settings, Operation) {
        let Self {
            places,
            sources,
            git,
            tools,
            controllers,
            replicas,
            observation,
        } = self;
        let PlaceArgs {
            namespace,
            argocd_namespace,
            shared_namespace,
            data_dir,
        } = places;
        let SourceArgs {
            mirrors,
            registry_rate,
            min_interval,
            allow_credentials_over_http,
        } = sources;
        let GitArgs {
            git_author,
            push_policy,
        } = git;
        let ToolArgs { kustomize, helm } = tools;
        let ControllerArgs {
            controller_name,
            concurrency,
            shard,
            default_shard,
        } = controllers;
        let ReplicaArgs {
            leader_election,
            lease_name,
        } = replicas;
        let ObservationArgs {
            admin_addr,
            log_level,
            log_format,
            otlp_endpoint,
            otlp_headers,
        } = observation;

        let shard = shard.filter(|shard| !shard.is_empty());
        let lease = lease_name.unwrap_or_else(|| match &shard {
            Some(shard) => format!("argosy-{shard}"),
            None => "argosy".to_owned(),
        });
        let collector = otlp_endpoint
            .filter(|endpoint| !endpoint.is_empty())
            .map(|endpoint| Collector {
                endpoint,
                headers: otlp_headers
                    .into_iter()
                    .map(|Header(name, value)| (name, value))
                    .collect(),
                service: controller_name.clone(),
            });
        let settings = Settings {
            controller_name,
            namespace,
            argocd_namespace,
            shared_namespace,
            data: data_dir,
            mirrors: mirrors.into_iter().collect(),
            registry_rate,
            least_interval: min_interval,
            kustomize,
            helm,
            git_author,
            push_policy,
            credentials_over_http: allow_credentials_over_http,
            concurrency: concurrency.into(),
            shard: Shard {
                name: shard,
                default: default_shard,
            },
        };
        let lease = leader_election.then_some(lease);
        (
            settings,
            Operation {
                admin_addr,
                log_level,
                log_format,
                collector,
                lease,
            },
        )
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref::<std::io::Error>();
    cause.is_some_and(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}

fn duration(text: &str) -> Result<Duration, argosy_api::ParseDurationError> {
    text.parse().map(GoDuration::to_std)
}

fn header(text: &str) -> Result<Header, &'static str> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    let named =
        http::HeaderName::try_from(name.trim()).map_err(|_| "this is no name of a header")?;
    http::HeaderValue::try_from(value).map_err(|_| "a header cannot have this value")?;
    Ok(Header(named.to_string(), Secret::new(value)))
}

#[cfg(test)]
mod tests;

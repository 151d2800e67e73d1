//! What is read off the caches and the process at the moment somebody asks.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use super::Described;

/// What the collector looks at.
pub struct Observed {
    /// Returns the samples of a metric that is read off the caches.
    pub samples: Box<dyn Fn() -> Samples + Send + Sync>,
}

/// Values of the gauges that are read off the caches, each with the values of its labels.
#[derive(Default)]
pub struct Samples {
    /// Project, stage: promotions that have not ended.
    pub unfinished_promotions: Vec<([String; 2], f64)>,
    /// Project, stage: seconds since the newest freight in the stage was discovered.
    pub freight_age: Vec<([String; 2], f64)>,
    /// Kind: objects known.
    pub objects: Vec<([String; 1], f64)>,
    /// Kind: objects that cannot be read.
    pub unreadable: Vec<([String; 1], f64)>,
}

struct Gauge<const N: usize> {
    name: &'static str,
    labels: [&'static str; N],
    help: &'static str,
}

const UNFINISHED: Gauge<2> = Gauge {
    name: "argosy_promotions_unfinished",
    labels: ["project", "stage"],
    help: "Promotions that wait or run",
};
const FREIGHT_AGE: Gauge<2> = Gauge {
    name: "argosy_stage_freight_age_seconds",
    labels: ["project", "stage"],
    help: "Time since the newest freight in a stage was discovered",
};
const OBJECTS: Gauge<1> = Gauge {
    name: "argosy_objects",
    labels: ["kind"],
    help: "Objects in the cache",
};
const UNREADABLE: Gauge<1> = Gauge {
    name: "argosy_unreadable_objects",
    labels: ["kind"],
    help: "Objects that cannot be read, for example because a newer version wrote them",
};
const BUILD: Gauge<2> = Gauge {
    name: "argosy_build_info",
    labels: ["version", "commit"],
    help: "Which build this is; always 1",
};
const MEMORY: Gauge<0> = Gauge {
    name: "process_resident_memory_bytes",
    labels: [],
    help: "Resident memory of the process",
};
const CPU_NAME: &str = "process_cpu_seconds";
const CPU_HELP: &str = "Time that the process has spent on processors";

pub(super) fn described() -> Vec<Described> {
    let cpu = Described {
        name: format!("{CPU_NAME}_total"),
        kind: "counter",
        labels: Vec::new(),
        help: CPU_HELP,
    };
    vec![
        UNFINISHED.described(),
        FREIGHT_AGE.described(),
        OBJECTS.described(),
        UNREADABLE.described(),
        BUILD.described(),
        MEMORY.described(),
        cpu,
    ]
}

impl Collector for Observed {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Samples {
            unfinished_promotions,
            freight_age,
            objects,
            unreadable,
        } = (self.samples)();
        UNFINISHED.encode(&mut encoder, &unfinished_promotions)?;
        FREIGHT_AGE.encode(&mut encoder, &freight_age)?;
        OBJECTS.encode(&mut encoder, &objects)?;
        UNREADABLE.encode(&mut encoder, &unreadable)?;
        let build = [crate::version::VERSION, crate::version::COMMIT].map(str::to_owned);
        BUILD.encode(&mut encoder, &[(build, 1.0)])?;
        if let Some((memory, cpu)) = process() {
            MEMORY.encode(&mut encoder, &[([], memory)])?;
            let counter = encoder.encode_descriptor(
                CPU_NAME,
                &sentence(CPU_HELP),
                None,
                MetricType::Counter,
            )?;
            ConstCounter::new(cpu).encode(counter)?;
        }
        Ok(())
    }
}

impl<const N: usize> Gauge<N> {
    fn described(&self) -> Described {
        let Self { name, labels, help } = self;
        Described {
            name: (*name).to_owned(),
            kind: "gauge",
            labels: labels.to_vec(),
            help,
        }
    }

    fn encode(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        samples: &[([String; N], f64)],
    ) -> fmt::Result {
        if samples.is_empty() {
            return Ok(());
        }
        let mut family =
            encoder.encode_descriptor(self.name, &sentence(self.help), None, MetricType::Gauge)?;
        for (values, sample) in samples {
            if N == 0 {
                ConstGauge::new(*sample).encode(family)?;
                return Ok(());
            }
            let mut values = values.iter();
            let labels = self
                .labels
                .map(|label| (label, values.next().map_or("", String::as_str)));
            ConstGauge::new(*sample).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observed")
    }
}

/// As the registry writes the help of its own metrics.
fn sentence(help: &str) -> String {
    format!("{help}.")
}

/// Resident bytes and processor seconds of this process, where the kernel tells.
fn process() -> Option<(f64, f64)> {
    /// The kernel counts in hundredths of a second on every platform that it shows to programs.
    const TICKS: f64 = 100.0;
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let resident = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = resident.split_whitespace().next()?.parse().ok()?;
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program is in brackets and may hold spaces; user and system time come 11 fields after it.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((kilobytes * 1024.0, (user + system) / TICKS))
}

#[cfg(test)]
mod tests {
    use crate::metrics::Metrics;

    use super::*;

    #[test]
    fn caches_and_process_are_read_when_asked() {
        let metrics = Metrics::default();
        let samples = || Samples {
            freight_age: vec![(["shop".into(), "prod".into()], 60.0)],
            ..Samples::default()
        };
        metrics.observe(Observed {
            samples: Box::new(samples),
        });
        let text = metrics.render();
        assert!(
            text.contains(r#"argosy_stage_freight_age_seconds{project="shop",stage="prod"} 60"#),
            "{text}"
        );
        for Described { name, .. } in described() {
            let shown = !["unfinished", "objects"]
                .iter()
                .any(|absent| name.contains(absent));
            assert_eq!(
                text.contains(&format!("\n{name}")),
                shown,
                "{name} in\n{text}"
            );
        }
    }
}

//! Fifty promotions at once.

use std::fmt::Write as _;

use anyhow::Result;

use crate::ground::{Ground, stage, warehouse};
use crate::releases::create;
use crate::{Figure, seconds};

const COUNT: usize = 50;

pub(crate) async fn measure() -> Result<Vec<Figure>> {
    let (one, of_one) = at_once(|_| "main".to_owned()).await?;
    let (many, of_many) = at_once(|stage| format!("env/{stage}")).await?;
    Ok(vec![
        Figure::new("50 Promotions at once into one branch", one, "4 s"),
        Figure::new("Git requests for each", of_one, "2"),
        Figure::new("50 Promotions at once into 50 branches", many, "4 s"),
        Figure::new("Git requests for each", of_many, "2"),
    ])
}

async fn at_once(branch: impl Fn(&str) -> String) -> Result<(String, String)> {
    let ground = Ground::start().await?;
    let (project, repo) = ground.project("many", &[]).await?;
    let stages = (0..COUNT)
        .map(|number| format!("s{number:02}"))
        .collect::<Vec<_>>();
    let files = stages
        .iter()
        .map(|stage| format!("{stage}/values.yaml"))
        .collect::<Vec<_>>();
    let files = files
        .iter()
        .map(|path| (path.as_str(), "image: { tag: none }\n"));
    repo.commit("main", "Begin", &files.collect::<Vec<_>>())
        .await?;
    let mut manifests = warehouse(&project.name, "constraint: '>=1.0.0'");
    for name in &stages {
        let branch = branch(name);
        if branch != "main" {
            repo.branch(&branch, "main").await?;
        }
        write!(manifests, "---\n{}", stage(&project.name, name, &branch))?;
    }
    ground.push(&project, "1.0.0").await?;
    project.apply(&manifests).await?;
    let (_, freight) = ground.freight(&project, "1.0.0").await?;
    repo.forget_requests();
    let begin = std::time::Instant::now();
    let all = stages
        .iter()
        .map(|stage| create(&ground, &project.name, stage, &freight));
    futures::future::try_join_all(all).await?;
    ground.succeeded(&project, COUNT).await?;
    let time = begin.elapsed();
    let requests = repo.requests().len();
    let tenths = requests * 10 / COUNT;
    Ok((seconds(time), format!("{}.{}", tenths / 10, tenths % 10)))
}

//! An OCI registry: Debian's `docker-registry` as a process, and what tests put into it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use futures::{StreamExt as _, TryStreamExt as _};
use reqwest::{Client, Response, StatusCode, header};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;

use crate::image::{Blob, Built, Image, Index, Manifest};
use crate::ports::Port;
use crate::{Folder, Launch, Process, http_client};

/// How many images are pushed at the same time.
const PARALLEL: usize = 16;

/// A registry on a free port of 127.0.0.1, over plain HTTP. Dropping it stops it.
#[derive(Debug)]
pub struct Registry {
    // Dropped in this order: the program before its folder.
    process: Process,
    port: Port,
    client: Client,
    known: Mutex<HashMap<String, Arc<OnceCell<()>>>>,
    data: PathBuf,
    _folder: Folder,
}

impl Registry {
    /// Start an empty one.
    ///
    /// # Errors
    /// When `docker-registry` is missing or does not become ready.
    pub async fn start() -> Result<Self> {
        let folder = Folder::new()?;
        let data = folder.sub("data")?;
        Self::launch(folder, data, "").await
    }

    /// Start another registry over the same content, to be asked in another way than the first:
    /// `more` is put at the end of its configuration, which is the section `http`.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn beside(&self, more: &str) -> Result<Self> {
        Self::launch(Folder::new()?, self.data.clone(), more).await
    }

    async fn launch(folder: Folder, data: PathBuf, more: &str) -> Result<Self> {
        let port = Port::claim()?;
        let config = folder.path().join("config.yml");
        let text = configuration(&data.to_string_lossy(), port.number) + more;
        std::fs::write(&config, text).context("cannot configure the registry")?;
        let process = Launch::new("docker-registry", "docker-registry", folder.path())
            .arg("serve")
            .arg(&config)
            .start()?;
        // It listens only when it is ready, and not every one answers to anybody.
        process
            .ready(Duration::from_secs(20), || async {
                TcpStream::connect(("127.0.0.1", port.number)).await.is_ok()
            })
            .await?;
        Ok(Self {
            process,
            port,
            client: http_client()?,
            known: Mutex::default(),
            data,
            _folder: folder,
        })
    }

    /// Host and port, such as `127.0.0.1:4321`.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port.number)
    }

    /// The address, such as `http://127.0.0.1:4321`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.host())
    }

    /// The program, to stop or restart it.
    pub const fn process(&self) -> &Process {
        &self.process
    }

    /// Put an image there under a tag; the result is its digest.
    ///
    /// # Errors
    /// When the registry refuses.
    pub async fn push(&self, repository: &str, tag: &str, image: &Image) -> Result<String> {
        self.push_built(repository, tag, &image.build()).await
    }

    /// Put an index with all its images there under a tag; the result is the index's digest.
    ///
    /// # Errors
    /// When the registry refuses.
    pub async fn push_index(&self, repository: &str, tag: &str, index: &Index) -> Result<String> {
        let images = index.images.iter().map(Image::build).collect::<Vec<_>>();
        for image in &images {
            self.push_built(repository, &image.manifest.digest, image)
                .await?;
        }
        let manifest = index.manifest(&images);
        self.put_manifest(repository, tag, &manifest).await?;
        Ok(manifest.digest)
    }

    /// Put many images there, several at a time.
    ///
    /// # Errors
    /// When the registry refuses one; the others may be there or not.
    pub async fn push_all<T: AsRef<str>>(
        &self,
        repository: &str,
        images: impl IntoIterator<Item = (T, Image)>,
    ) -> Result<()> {
        futures::stream::iter(images)
            .map(|(tag, image)| async move { self.push(repository, tag.as_ref(), &image).await })
            .buffer_unordered(PARALLEL)
            .try_for_each(|_digest| async { Ok(()) })
            .await
    }

    /// Put any artifact there under a tag or its own digest; the result is its digest.
    ///
    /// # Errors
    /// When the registry refuses.
    pub async fn push_built(&self, repository: &str, tag: &str, built: &Built) -> Result<String> {
        for blob in &built.blobs {
            self.put_blob(repository, blob).await?;
        }
        self.put_manifest(repository, tag, &built.manifest).await?;
        Ok(built.manifest.digest.clone())
    }

    /// Remove the manifest with this digest, and with it every tag that points there.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn delete(&self, repository: &str, digest: &str) -> Result<()> {
        let url = format!("{}/v2/{repository}/manifests/{digest}", self.url());
        expect(self.client.delete(url).send().await?, StatusCode::ACCEPTED)
            .await
            .map(drop)
    }

    // The registry mixes up uploads of one blob at the same time, and every image has the same layer.
    async fn put_blob(&self, repository: &str, blob: &Blob) -> Result<()> {
        let key = format!("{repository}@{}", blob.digest);
        let once = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(known.entry(key).or_default())
        };
        once.get_or_try_init(|| self.upload(repository, blob))
            .await
            .copied()
    }

    async fn upload(&self, repository: &str, blob: &Blob) -> Result<()> {
        let begin = format!("{}/v2/{repository}/blobs/uploads/", self.url());
        let begun = expect(self.client.post(begin).send().await?, StatusCode::ACCEPTED).await?;
        let place = begun
            .headers()
            .get(header::LOCATION)
            .context("an upload has no place")?;
        let url = format!("{}&digest={}", place.to_str()?, blob.digest);
        let put = self.client.put(url).body(blob.bytes.clone()).send().await?;
        expect(put, StatusCode::CREATED).await.map(drop)
    }

    async fn put_manifest(&self, repository: &str, tag: &str, manifest: &Manifest) -> Result<()> {
        let url = format!("{}/v2/{repository}/manifests/{tag}", self.url());
        let put = self
            .client
            .put(url)
            .header(header::CONTENT_TYPE, manifest.media_type)
            .body(manifest.bytes.clone())
            .send()
            .await?;
        expect(put, StatusCode::CREATED).await.map(drop)
    }
}

async fn expect(answer: Response, status: StatusCode) -> Result<Response> {
    if answer.status() == status {
        return Ok(answer);
    }
    let (url, status) = (answer.url().clone(), answer.status());
    bail!(
        "{url} answered {status}: {}",
        answer.text().await.unwrap_or_default()
    )
}

fn configuration(data: &str, port: u16) -> String {
    format!(
        "version: 0.1
log:
  level: warn
  accesslog:
    disabled: true
storage:
  filesystem:
    rootdirectory: {data}
    maxthreads: 200
  delete:
    enabled: true
  maintenance:
    uploadpurging:
      enabled: false
http:
  addr: 127.0.0.1:{port}
"
    )
}

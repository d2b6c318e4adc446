import { ConnectionError, UploadRefused } from './errors.ts';
import { underSignals } from './signals.ts';
import type { Transport } from './transport.ts';

/** For how long the form is good, so for how long sending may take, in milliseconds. */
const FORM_LIFETIME = 5 * 60_000;

/** Told as bytes leave. */
export type Progress = (sent: number, total: number) => void;

/** A form that a bucket takes a file by. */
export interface UploadForm {
  url: string;
  fields: Record<string, string>;
}

/** Posts a file to a bucket and returns its answer. */
export async function postForm(
  transport: Transport,
  { url, fields }: UploadForm,
  file: Blob,
  onProgress: Progress,
  signal: AbortSignal,
): Promise<Response> {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  // S3 ignores what follows the file.
  body.append('file', file);
  onProgress(0, file.size);
  // Only XMLHttpRequest tells of progress.
  const response =
    typeof XMLHttpRequest === 'undefined'
      ? await transport.once((limited) => new Request(url, { method: 'POST', body, signal: limited, redirect: 'error' }), signal, FORM_LIFETIME)
      : await postByXhr(url, body, file.size, onProgress, signal);
  if (response.ok) onProgress(file.size, file.size);
  return response;
}

/** Returns the refusal that a bucket's answer tells of. */
export async function refusalOf(response: Response): Promise<UploadRefused> {
  const code = /<Code>(\w+)<\/Code>/.exec(await response.text())?.[1];
  return new UploadRefused(response.status, code ?? '');
}

function postByXhr(url: string, body: FormData, size: number, onProgress: Progress, signal: AbortSignal): Promise<Response> {
  return underSignals([signal], (ended) => new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open('POST', url);
    xhr.timeout = FORM_LIFETIME;
    // What is sent is larger than the file by the form around it.
    xhr.upload.onprogress = ({ loaded, total }) => onProgress(Math.floor((size * loaded) / total), size);
    xhr.onload = () => {
      try {
        resolve(new Response(xhr.responseText || null, { status: xhr.status }));
      } catch (error) {
        // A status that goes with no body, or that is none.
        reject(new ConnectionError(error));
      }
    };
    xhr.onerror = () => reject(new ConnectionError(new TypeError('The bucket gave no answer')));
    xhr.ontimeout = () => reject(new ConnectionError(new DOMException('Too slow', 'TimeoutError')));
    xhr.onabort = () => reject(signal.reason);
    ended.addEventListener('abort', () => xhr.abort());
    xhr.send(body);
  }));
}

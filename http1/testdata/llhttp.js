'use strict';
// Reads messages with node's own parser (llhttp). One job is a frame on standard input, its reading a frame on standard
// output; a frame is four bytes of length, the lowest first, and JSON.
const { HTTPParser, methods, allMethods } = process.binding('http_parser');

function latin1(headers) {
  const fields = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    fields.push({ Name: Buffer.from(headers[i], 'latin1').toString('base64'), Value: Buffer.from(headers[i + 1], 'latin1').toString('base64') });
  }
  return fields;
}

function read(job) {
  const parser = new HTTPParser();
  parser.initialize(job.response ? HTTPParser.RESPONSE : HTTPParser.REQUEST, {}, 1 << 20, HTTPParser.kLenientNone);
  const out = { heads: -1, complete: -1, error: '', body: '', fields: [], trailers: [] };
  const body = [];
  let flushed = [], url = '', at = 0;
  parser[HTTPParser.kOnHeaders | 0] = (headers, part) => {
    flushed = flushed.concat(headers);
    url += part;
  };
  parser[HTTPParser.kOnHeadersComplete | 0] = (major, minor, headers, method, target, status, reason, upgrade, keepAlive) => {
    if (out.heads >= 0) return 0;
    out.heads = at;
    if (headers === undefined) {
      headers = flushed;
      flushed = [];
    }
    Object.assign(out, {
      major, minor, status, upgrade, keepAlive,
      method: method === undefined ? '' : (allMethods || methods)[method],
      target: Buffer.from(target === undefined ? url : target, 'latin1').toString('base64'),
      reason: Buffer.from(reason || '', 'latin1').toString('base64'),
      fields: latin1(headers),
    });
    return job.head ? 1 : 0;
  };
  parser[HTTPParser.kOnBody | 0] = (chunk, offset, length) => {
    if (out.complete < 0) body.push(Buffer.from(offset === undefined ? chunk : chunk.subarray(offset, offset + length)));
  };
  parser[HTTPParser.kOnMessageComplete | 0] = () => {
    if (out.complete >= 0) return;
    out.complete = at;
    out.trailers = latin1(flushed);
  };
  for (const piece of job.pieces) {
    const result = parser.execute(Buffer.from(piece, 'base64'));
    if (result instanceof Error) {
      out.error = result.code + ': ' + result.reason;
      break;
    }
    at++;
  }
  if (job.finish && out.error === '') {
    const result = parser.finish();
    if (result instanceof Error) out.error = result.code + ': ' + result.reason;
  }
  out.body = Buffer.concat(body).toString('base64');
  parser.close();
  return out;
}

let pending = Buffer.alloc(0);
process.stdin.on('data', (data) => {
  pending = Buffer.concat([pending, data]);
  while (pending.length >= 4) {
    const length = pending.readUInt32LE(0);
    if (pending.length < 4 + length) return;
    const answer = Buffer.from(JSON.stringify(read(JSON.parse(pending.toString('utf8', 4, 4 + length)))));
    pending = pending.subarray(4 + length);
    const size = Buffer.alloc(4);
    size.writeUInt32LE(answer.length);
    process.stdout.write(Buffer.concat([size, answer]));
  }
});

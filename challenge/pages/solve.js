// The computing of a check, in words that old browsers know. It runs as a worker, or in the page where there are no workers.
var solver = (function () {
  'use strict';
  var K = [], H0 = [];
  (function () {
    var count = 0, n = 2, i;
    function fraction(x) { return ((x - Math.floor(x)) * 4294967296) | 0; }
    for (; count < 64; n++) {
      for (i = 2; i * i <= n; i++) { if (n % i === 0) { break; } }
      if (i * i > n) {
        if (count < 8) { H0[count] = fraction(Math.pow(n, 1 / 2)); }
        K[count++] = fraction(Math.pow(n, 1 / 3));
      }
    }
  })();
  var W = [];

  // sha256 gives the eight words of the hash of a text of single-byte characters.
  function sha256(text) {
    var length = text.length, blocks = ((length + 8) >> 6) + 1, words = [], state = H0.slice(0), i, j;
    for (i = 0; i < blocks * 16; i++) { words[i] = 0; }
    for (i = 0; i < length; i++) { words[i >> 2] |= text.charCodeAt(i) << (24 - (i & 3) * 8); }
    words[length >> 2] |= 0x80 << (24 - (length & 3) * 8);
    words[blocks * 16 - 1] = length * 8;
    for (j = 0; j < blocks * 16; j += 16) { compress(state, words, j); }
    return state;
  }

  function compress(state, words, from) {
    var a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7], i, x, y, t1, t2;
    for (i = 0; i < 64; i++) {
      if (i < 16) {
        W[i] = words[from + i];
      } else {
        x = W[i - 15]; y = W[i - 2];
        W[i] = (W[i - 16] + W[i - 7] + ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ (x >>> 3)) +
          ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ (y >>> 10))) | 0;
      }
      t1 = (h + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
      t2 = (((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
    }
    state[0] = (state[0] + a) | 0; state[1] = (state[1] + b) | 0; state[2] = (state[2] + c) | 0; state[3] = (state[3] + d) | 0;
    state[4] = (state[4] + e) | 0; state[5] = (state[5] + f) | 0; state[6] = (state[6] + g) | 0; state[7] = (state[7] + h) | 0;
  }

  function hex(state) {
    var text = '', i;
    for (i = 0; i < 8; i++) { text += ('0000000' + (state[i] >>> 0).toString(16)).slice(-8); }
    return text;
  }

  // fits says whether a hash has the zero bits that are asked for, or is the one that is looked for.
  function fits(task, state) {
    if (task.target) { return (state[0] >>> 0) === task.first && hex(state) === task.target; }
    return task.bits <= 0 || (task.bits < 32 ? state[0] >>> (32 - task.bits) === 0 : state[0] === 0 && state[1] >>> (64 - task.bits) === 0);
  }

  // slice tries count numbers from task.at on, in steps of task.step; it gives the one that fits, or -1.
  function slice(task, count) {
    if (task.target) { task.first = parseInt(task.target.slice(0, 8), 16); }
    for (; count > 0; count--, task.at += task.step) {
      if (task.most !== undefined && task.at > task.most) { task.done = true; return -1; }
      if (fits(task, sha256(task.prefix + task.at))) { return task.at; }
    }
    return -1;
  }
  return { sha256: function (text) { return hex(sha256(text)); }, slice: slice };
})();

if (typeof document === 'undefined' && typeof self !== 'undefined') {
  self.onmessage = function (message) {
    'use strict';
    var task = message.data, found = -1;
    while (found < 0 && !task.done) {
      found = solver.slice(task, 10000);
      self.postMessage({ found: found, tried: 10000 });
    }
  };
}

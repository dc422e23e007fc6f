// The page of a check: waits or computes, says how far it is, and goes on.
(function () {
  'use strict';
  var form = document.getElementById('check');
  if (!form) { return; }
  var mode = form.getAttribute('data-mode'), hold = form.getAttribute('data-hold') === 'true';
  var work = document.getElementById('work'), bar = document.getElementById('bar'), said = document.getElementById('said');
  var other = document.getElementById('other'), answer = document.getElementById('answer');
  var sent = false, busy = false;

  function say(text) { if (said) { said.textContent = text; } }

  // go sends the form, unless the visitor is about to answer the question.
  function go() {
    if (sent || (answer && answer.value !== '')) { return; }
    sent = true;
    form.submit();
  }

  function finish(solution) {
    document.getElementById('solution').value = solution;
    if (bar) { bar.value = 100; }
    if (!hold) { say('Done. The page goes on.'); go(); return; }
    say('Done.');
    var button = document.createElement('button');
    button.type = 'submit';
    button.textContent = 'Continue';
    work.appendChild(button);
  }

  function fail() {
    say('Your browser could not do the check. Please answer the question below.');
    if (other) { other.open = true; }
  }

  // run finds a number; expected is how many are tried on average.
  function run(task, expected, done) {
    var tried = 0, over = false, workers = [], count = Math.max(1, Math.min(4, navigator.hardwareConcurrency || 1)), i;
    function stop() { for (var j = 0; j < workers.length; j++) { workers[j].terminate(); } workers = []; }
    function report(found, more) {
      if (over) { return; }
      tried += more;
      if (found >= 0) { over = true; stop(); done(found); return; }
      if (bar) { bar.value = Math.min(97, 100 * (1 - Math.exp(-1.5 * tried / expected))); }
    }
    function inPage() {
      var own = { prefix: task.prefix, bits: task.bits, target: task.target, most: task.most, at: 0, step: 1 };
      (function part() {
        if (over) { return; }
        report(solver.slice(own, 2000), 2000);
        if (own.done && !over) { over = true; fail(); return; }
        setTimeout(part, 0);
      })();
    }
    function instead() { if (!over && workers.length) { stop(); inPage(); } }
    try {
      for (i = 0; i < count; i++) {
        var worker = new Worker(form.getAttribute('data-path') + 'solve.js');
        worker.onmessage = function (message) { report(message.data.found, message.data.tried); };
        worker.onerror = instead;
        workers.push(worker);
        worker.postMessage({ prefix: task.prefix, bits: task.bits, target: task.target, most: task.most, at: i, step: count });
      }
    } catch (e) { stop(); inPage(); }
  }

  function proof() {
    var bits = Number(form.getAttribute('data-bits'));
    work.hidden = false;
    say('Your browser is computing. This takes a few seconds; you need not do anything.');
    run({ prefix: form.getAttribute('data-prefix'), bits: bits }, Math.pow(2, bits), function (n) { finish(String(n)); });
  }

  function captcha() {
    var challenge = JSON.parse(form.getAttribute('data-challenge')), person = document.getElementById('person');
    work.hidden = false;
    person.addEventListener('change', function () {
      if (busy) { person.checked = true; return; }
      busy = true;
      bar.hidden = false;
      say('Checking.');
      run({ prefix: challenge.salt, target: challenge.challenge, most: challenge.maxnumber }, challenge.maxnumber / 2, function (n) {
        finish(btoa(JSON.stringify({ algorithm: challenge.algorithm, challenge: challenge.challenge, number: n, salt: challenge.salt,
          signature: challenge.signature })));
      });
    });
  }

  if (other && !hold) { other.open = false; }
  if (mode === 'proof') { proof(); }
  if (mode === 'captcha') { captcha(); }
  if (mode === 'wait' && !hold) { setTimeout(go, 2200); }
})();

<?php
// Keeps a log of paid parking.

$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
$log = (getenv('DATA') ?: __DIR__) . '/parking.log';

if ($_SERVER['REQUEST_METHOD'] === 'POST' && $path === '/webhooks/stripe') {
    $signature = $_SERVER['HTTP_STRIPE_SIGNATURE'] ?? '';
    if (!preg_match('/^t=\d+,v1=[0-9a-f]{64}/', $signature)) {
        http_response_code(400);
        exit('bad signature');
    }
    $event = json_decode(file_get_contents('php://input'), true);
    if (!isset($event['type'])) {
        http_response_code(400);
        exit('no event');
    }
    if ($event['type'] === 'payment_intent.succeeded') {
        file_put_contents($log, $event['data']['object']['id'] . "\n", FILE_APPEND | LOCK_EX);
    }
    exit('ok');
}
if ($path === '/log') {
    header('Content-Type: text/plain');
    exit(is_file($log) ? file_get_contents($log) : '');
}
http_response_code(404);

<?php
// Extends subscriptions of a magazine when they are paid.

const TOLERANCE = 300; // seconds

function verified(string $body, string $header, string $secret): bool
{
    $time = null;
    $signatures = [];
    foreach (explode(',', $header) as $part) {
        [$name, $value] = array_pad(explode('=', trim($part), 2), 2, '');
        if ($name === 't' && ctype_digit($value)) {
            $time = (int) $value;
        } elseif ($name === 'v1') {
            $signatures[] = $value;
        }
    }
    if ($secret === '' || $time === null || abs(time() - $time) > TOLERANCE) {
        return false;
    }
    $expected = hash_hmac('sha256', "$time.$body", $secret);
    foreach ($signatures as $signature) {
        if (hash_equals($expected, $signature)) {
            return true;
        }
    }
    return false;
}

$readers = (getenv('DATA') ?: __DIR__) . '/readers.txt';
header('Content-Type: application/json');

switch ($_SERVER['REQUEST_METHOD'] . ' ' . parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH)) {
    case 'POST /stripe/webhook':
        $body = file_get_contents('php://input');
        if (!verified($body, $_SERVER['HTTP_STRIPE_SIGNATURE'] ?? '', (string) getenv('STRIPE_WEBHOOK_SECRET'))) {
            http_response_code(400);
            exit('{"error":"signature"}');
        }
        $event = json_decode($body, true);
        if ($event['type'] === 'payment_intent.succeeded') {
            file_put_contents($readers, $event['data']['object']['id'] . "\n", FILE_APPEND | LOCK_EX);
        }
        exit('{"received":true}');
    case 'GET /readers':
        exit(json_encode(is_file($readers) ? file($readers, FILE_IGNORE_NEW_LINES) : []));
    default:
        http_response_code(404);
        exit('{"error":"not found"}');
}

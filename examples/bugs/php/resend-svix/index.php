<?php
// Signs people up for a theatre.

// https://docs.svix.com/receiving/verifying-payloads/how-manual
function signed(string $body): bool
{
    $secret = base64_decode(preg_replace('/^whsec_/', '', (string) getenv('RESEND_WEBHOOK_SECRET')));
    $time = $_SERVER['HTTP_SVIX_TIMESTAMP'] ?? '';
    if ($secret === '' || !ctype_digit($time) || abs(time() - (int) $time) > 300) {
        return false;
    }
    $mac = base64_encode(hash_hmac('sha256', ($_SERVER['HTTP_SVIX_ID'] ?? '') . ".$time.$body", $secret, true));
    foreach (explode(' ', $_SERVER['HTTP_SVIX_SIGNATURE'] ?? '') as $signature) {
        if (hash_equals("v1,$mac", $signature)) {
            return true;
        }
    }
    return false;
}

function answer(int $status, mixed $value): never
{
    http_response_code($status);
    header('Content-Type: application/json');
    exit(json_encode($value));
}

$file = (getenv('DATA') ?: __DIR__) . '/theatre.json';
$users = is_file($file) ? json_decode(file_get_contents($file), true) : [];
$body = file_get_contents('php://input');

switch ($_SERVER['REQUEST_METHOD'] . ' ' . parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH)) {
    case 'POST /users':
        $email = $_POST['email'] ?? json_decode($body, true)['email'] ?? '';
        $key = strtolower($email);
        if (($users[$key]['subscribed'] ?? true) === false) {
            answer(409, $users[$key]);
        }
        $curl = curl_init('https://api.resend.com/emails');
        curl_setopt_array($curl, [
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_USERAGENT => 'theatre',
            CURLOPT_HTTPHEADER => ['Content-Type: application/json', 'Authorization: Bearer ' . (getenv('RESEND_API_KEY') ?: 're_123456789')],
            CURLOPT_POSTFIELDS => json_encode(['from' => 'Theatre <theatre@mail.acme.com>', 'to' => [$email], 'subject' => 'Curtain up', 'text' => 'At 8.']),
        ]);
        $sent = curl_exec($curl);
        if (curl_getinfo($curl, CURLINFO_RESPONSE_CODE) !== 200) {
            answer(502, ['error' => (string) $sent]);
        }
        $users[$key] = ['email' => $email, 'subscribed' => true];
        file_put_contents($file, json_encode($users), LOCK_EX);
        answer(201, $users[$key]);
    case 'POST /resend/webhook':
        if (!signed($body)) {
            answer(401, ['error' => 'signature']);
        }
        $event = json_decode($body, true);
        if (in_array($event['type'], ['email.bounced', 'email.complained'], true)) {
            foreach ($event['data']['to'] as $to) {
                if (isset($users[strtolower($to)])) {
                    $users[strtolower($to)]['subscribed'] = false;
                }
            }
            file_put_contents($file, json_encode($users), LOCK_EX);
        }
        answer(200, ['received' => true]);
    case 'GET /users':
        answer(200, array_values($users));
    default:
        answer(404, ['error' => 'not found']);
}

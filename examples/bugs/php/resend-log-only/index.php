<?php
// Signs people up for a museum.

$file = (getenv('DATA') ?: __DIR__) . '/museum.json';
$users = is_file($file) ? json_decode(file_get_contents($file), true) : [];
header('Content-Type: application/json');

switch ($_SERVER['REQUEST_METHOD'] . ' ' . parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH)) {
    case 'POST /signup':
        $email = $_POST['email'] ?? json_decode(file_get_contents('php://input'), true)['email'] ?? '';
        $curl = curl_init('https://api.resend.com/emails');
        curl_setopt_array($curl, [
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_USERAGENT => 'museum',
            CURLOPT_HTTPHEADER => ['Content-Type: application/json', 'Authorization: Bearer ' . (getenv('RESEND_API_KEY') ?: 're_123456789')],
            CURLOPT_POSTFIELDS => json_encode(['from' => 'Museum <museum@mail.acme.com>', 'to' => $email, 'subject' => 'Your pass', 'text' => 'Come in.']),
        ]);
        $answer = curl_exec($curl);
        if (curl_getinfo($curl, CURLINFO_RESPONSE_CODE) !== 200) {
            http_response_code(502);
            exit((string) $answer);
        }
        $users[$email] = ['email' => $email, 'status' => 'active'];
        file_put_contents($file, json_encode($users), LOCK_EX);
        http_response_code(201);
        exit(json_encode($users[$email]));
    case 'POST /hooks':
        $event = json_decode(file_get_contents('php://input'), true);
        if ($event['type'] === 'email.bounced') {
            error_log('bounced: ' . implode(', ', $event['data']['to']));
        }
        exit('{"ok":true}');
    case 'GET /users':
        exit(json_encode(array_values($users)));
    default:
        http_response_code(404);
        exit('{"error":"not found"}');
}
